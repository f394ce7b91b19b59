#include "pool/sqlite/catalog_tables.hpp"

#include <cassert>

namespace weir::sqlite {

namespace {

constexpr system_relation relations[] = {
    {"pg_namespace", oid{2615}, "oid oid, nspname name, nspowner oid=10, nspacl text?", "nspname"},
    {"pg_class",
     oid{1259},
     "oid oid, relname name, relnamespace oid=2200, reltype oid, reloftype oid, relowner oid=10, "
     "relam oid, relfilenode oid, reltablespace oid, relpages int4, reltuples float4=-1, "
     "relallvisible int4, reltoastrelid oid, relhasindex bool, relisshared bool, "
     "relpersistence char='p', relkind char='r', relnatts int2, relchecks int2, relhasrules bool, "
     "relhastriggers bool, relhassubclass bool, relrowsecurity bool, relforcerowsecurity bool, "
     "relispopulated bool=1, relreplident char='d', relispartition bool, relrewrite oid, "
     "relfrozenxid xid, relminmxid xid, relacl text?, reloptions _text?, "
     "relpartbound pg_node_tree?",
     "relname, relnamespace"},
    {"pg_attribute",
     oid{1249},
     "attrelid oid, attname name, atttypid oid, attstattarget int4=-1, attlen int2, attnum int2, "
     "attndims int4, attcacheoff int4=-1, atttypmod int4=-1, attbyval bool, attalign char='i', "
     "attstorage char='p', attcompression char, attnotnull bool, atthasdef bool, "
     "atthasmissing bool, attidentity char, attgenerated char, attisdropped bool, "
     "attislocal bool=1, attinhcount int4, attcollation oid, attacl text?, attoptions _text?, "
     "attfdwoptions _text?, attmissingval text?",
     "attrelid, attnum; attrelid, attname"},
    {"pg_type",
     oid{1247},
     "oid oid, typname name, typnamespace oid=11, typowner oid=10, typlen int2, typbyval bool, "
     "typtype char='b', typcategory char, typispreferred bool, typisdefined bool=1, "
     "typdelim char=',', typrelid oid, typsubscript regproc, typelem oid, typarray oid, "
     "typinput regproc, typoutput regproc, typreceive regproc, typsend regproc, "
     "typmodin regproc, typmodout regproc, typanalyze regproc, typalign char='i', "
     "typstorage char='p', typnotnull bool, typbasetype oid, typtypmod int4=-1, typndims int4, "
     "typcollation oid, typdefaultbin pg_node_tree?, typdefault text?, typacl text?",
     "typname"},
    {"pg_attrdef",
     oid{2604},
     "oid oid, adrelid oid, adnum int2, adbin pg_node_tree",
     "adrelid, adnum"},
    {"pg_index",
     oid{2610},
     "indexrelid oid, indrelid oid, indnatts int2, indnkeyatts int2, indisunique bool, "
     "indnullsnotdistinct bool, indisprimary bool, indisexclusion bool, indimmediate bool=1, "
     "indisclustered bool, indisvalid bool=1, indcheckxmin bool, indisready bool=1, "
     "indislive bool=1, indisreplident bool, indkey int2vector, indcollation oidvector, "
     "indclass oidvector, indoption int2vector, indexprs pg_node_tree?, indpred pg_node_tree?",
     "indexrelid; indrelid"},
    {"pg_constraint",
     oid{2606},
     "oid oid, conname name, connamespace oid=2200, contype char, condeferrable bool, "
     "condeferred bool, convalidated bool=1, conrelid oid, contypid oid, conindid oid, "
     "conparentid oid, confrelid oid, confupdtype char=' ', confdeltype char=' ', "
     "confmatchtype char=' ', conislocal bool=1, coninhcount int4, connoinherit bool=1, "
     "conkey _int2?, confkey _int2?, conpfeqop _oid?, conppeqop _oid?, conffeqop _oid?, "
     "confdelsetcols _int2?, conexclop _oid?, conbin pg_node_tree?",
     "conrelid; confrelid; conname"},
    {"pg_description",
     oid{2609},
     "objoid oid, classoid oid, objsubid int4, description text",
     "objoid, classoid, objsubid"},
    {"pg_depend",
     oid{2608},
     "classid oid, objid oid, objsubid int4, refclassid oid, refobjid oid, refobjsubid int4, "
     "deptype char='n'",
     "objid; refobjid"},
    {"pg_sequence",
     oid{2224},
     "seqrelid oid, seqtypid oid=20, seqstart int8=1, seqincrement int8=1, seqmax int8, "
     "seqmin int8=1, seqcache int8=1, seqcycle bool",
     "seqrelid"},
    {"pg_enum", oid{3501}, "oid oid, enumtypid oid, enumsortorder float4, enumlabel name"},
    {"pg_range",
     oid{3541},
     "rngtypid oid, rngsubtype oid, rngmultitypid oid, rngcollation oid, rngsubopc oid, "
     "rngcanonical regproc, rngsubdiff regproc"},
    {"pg_inherits", oid{2611}, "inhrelid oid, inhparent oid, inhseqno int4, inhdetachpending bool"},
    {"pg_trigger",
     oid{2620},
     "oid oid, tgrelid oid, tgparentid oid, tgname name, tgfoid oid, tgtype int2, tgenabled char, "
     "tgisinternal bool, tgconstrrelid oid, tgconstrindid oid, tgconstraint oid, "
     "tgdeferrable bool, tginitdeferred bool, tgnargs int2, tgattr int2vector, tgargs bytea, "
     "tgqual pg_node_tree?, tgoldtable name?, tgnewtable name?"},
    {"pg_proc",
     oid{1255},
     "oid oid, proname name, pronamespace oid, proowner oid, prolang oid, prokind char, "
     "proretset bool, provolatile char, pronargs int2, prorettype oid, proargtypes oidvector, "
     "prosrc text"},
    {"pg_extension",
     oid{3079},
     "oid oid, extname name, extowner oid, extnamespace oid, extrelocatable bool, extversion text, "
     "extconfig _oid?, extcondition _text?"},
    {"pg_am", oid{2601}, "oid oid, amname name, amhandler regproc, amtype char"},
    {"pg_collation",
     oid{3456},
     "oid oid, collname name, collnamespace oid=11, collowner oid=10, collprovider char, "
     "collisdeterministic bool=1, collencoding int4=-1, collcollate text?, collctype text?, "
     "colliculocale text?, collversion text?"},
    // What depends on who asks is a view.
    {"pg_database",
     oid{1262},
     "oid oid, datname name, datdba oid, encoding int4, datlocprovider char, datistemplate bool, "
     "datallowconn bool, datconnlimit int4, dattablespace oid, datcollate text, datctype text",
     {},
     "SELECT 5, pg_current_database(), 10, 6, 'c', 0, 1, -1, 1663, 'C', 'C'"},
    {"pg_roles",
     oid{12'000},
     "rolname name, rolsuper bool, rolinherit bool, rolcreaterole bool, rolcreatedb bool, "
     "rolcanlogin bool, rolreplication bool, rolconnlimit int4, rolpassword text?, "
     "rolvaliduntil timestamptz?, rolbypassrls bool, rolconfig _text?, oid oid",
     {},
     "SELECT pg_current_user(), 1, 1, 0, 0, 1, 0, -1, '********', NULL, 1, NULL, 10"},
    {"pg_user",
     oid{12'014},
     "usename name, usesysid oid, usecreatedb bool, usesuper bool, userepl bool, "
     "usebypassrls bool, passwd text?, valuntil timestamptz?, useconfig _text?",
     {},
     "SELECT pg_current_user(), 10, 0, 1, 0, 1, '********', NULL, NULL"},
    {"pg_tables",
     oid{12'033},
     "schemaname name, tablename name, tableowner name, tablespace name?, hasindexes bool, "
     "hasrules bool, hastriggers bool, rowsecurity bool",
     {},
     "SELECT n.nspname, c.relname, pg_current_user(), NULL, c.relhasindex, 0, 0, 0 FROM "
     "\"pg_catalog.pg_class\" c JOIN \"pg_catalog.pg_namespace\" n ON n.oid = c.relnamespace WHERE "
     "c.relkind = 'r'"},
    {"pg_views",
     oid{12'028},
     "schemaname name, viewname name, viewowner name, definition text?",
     {},
     "SELECT n.nspname, c.relname, pg_current_user(), (SELECT w.definition FROM "
     "\"pg_catalog.weir_view\" w WHERE w.viewrelid = c.oid) FROM \"pg_catalog.pg_class\" c JOIN "
     "\"pg_catalog.pg_namespace\" n ON n.oid = c.relnamespace WHERE c.relkind = 'v'"},
};

std::string_view trim(std::string_view text)
{
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

} // namespace

std::span<const system_relation> system_relations() { return relations; }

std::vector<system_column> columns_of(const system_relation& of)
{
    std::vector<system_column> columns;
    for (std::string_view rest = of.columns; !rest.empty();) {
        // typdelim's initial value is a comma itself
        std::size_t end = rest.find(", ");
        std::string_view text = trim(rest.substr(0, end));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
        system_column column;
        if (text.ends_with('?')) {
            column.not_null = false;
            column.initial = "NULL";
            text.remove_suffix(1);
        }
        const std::size_t space = text.find(' ');
        const std::size_t equals = text.find('=');
        column.name = text.substr(0, space);
        const type_info* const info = find_type(text.substr(space + 1, equals - space - 1));
        assert(info); // the list above is ours
        column.type = info->id;
        if (equals != std::string_view::npos)
            column.initial = text.substr(equals + 1);
        else if (column.not_null)
            column.initial = info->affinity == "TEXT" || info->affinity == "BLOB" ? "''" : "0";
        columns.push_back(column);
    }
    return columns;
}

std::string stored_name(std::string_view schema, std::string_view name)
{
    return schema == "public" ? std::string(name) : std::string(schema) + '.' + std::string(name);
}

} // namespace weir::sqlite
