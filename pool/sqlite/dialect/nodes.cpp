#include "pool/sqlite/dialect/nodes.hpp"

namespace weir::sqlite::nodes {

int location_of(const node& of)
{
    switch (of.node_case) {
    case PG_QUERY__NODE__NODE_A_CONST: return of.a_const->location;
    case PG_QUERY__NODE__NODE_A_EXPR: return of.a_expr->location;
    case PG_QUERY__NODE__NODE_BOOL_EXPR: return of.bool_expr->location;
    case PG_QUERY__NODE__NODE_COLUMN_REF: return of.column_ref->location;
    case PG_QUERY__NODE__NODE_PARAM_REF: return of.param_ref->location;
    case PG_QUERY__NODE__NODE_FUNC_CALL: return of.func_call->location;
    case PG_QUERY__NODE__NODE_TYPE_CAST: return of.type_cast->location;
    case PG_QUERY__NODE__NODE_SUB_LINK: return of.sub_link->location;
    case PG_QUERY__NODE__NODE_CASE_EXPR: return of.case_expr->location;
    case PG_QUERY__NODE__NODE_COALESCE_EXPR: return of.coalesce_expr->location;
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR: return of.min_max_expr->location;
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION: return of.sqlvalue_function->location;
    case PG_QUERY__NODE__NODE_ROW_EXPR: return of.row_expr->location;
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR: return of.a_array_expr->location;
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE: return of.collate_clause->location;
    case PG_QUERY__NODE__NODE_NULL_TEST: return of.null_test->location;
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST: return of.boolean_test->location;
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT: return of.set_to_default->location;
    default: return -1;
    }
}

std::string_view feature_of(const node& of)
{
    switch (of.node_case) {
    case PG_QUERY__NODE__NODE_MERGE_STMT: return "MERGE";
    case PG_QUERY__NODE__NODE_COPY_STMT: return "COPY";
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT: return "EXPLAIN";
    case PG_QUERY__NODE__NODE_PREPARE_STMT: return "PREPARE";
    case PG_QUERY__NODE__NODE_EXECUTE_STMT: return "EXECUTE";
    case PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT: return "DECLARE CURSOR";
    case PG_QUERY__NODE__NODE_FETCH_STMT: return "FETCH";
    case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT: return "CLOSE";
    case PG_QUERY__NODE__NODE_LISTEN_STMT: return "LISTEN";
    case PG_QUERY__NODE__NODE_UNLISTEN_STMT: return "UNLISTEN";
    case PG_QUERY__NODE__NODE_NOTIFY_STMT: return "NOTIFY";
    case PG_QUERY__NODE__NODE_DO_STMT: return "DO";
    case PG_QUERY__NODE__NODE_CALL_STMT: return "CALL";
    case PG_QUERY__NODE__NODE_LOAD_STMT: return "LOAD";
    case PG_QUERY__NODE__NODE_REINDEX_STMT: return "REINDEX";
    case PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT: return "SET CONSTRAINTS";
    case PG_QUERY__NODE__NODE_A_INDIRECTION: return "a field or subscript of a value";
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR: return "ARRAY";
    case PG_QUERY__NODE__NODE_ROW_EXPR: return "ROW outside a comparison";
    case PG_QUERY__NODE__NODE_GROUPING_FUNC: return "GROUPING";
    case PG_QUERY__NODE__NODE_GROUPING_SET: return "GROUPING SETS";
    case PG_QUERY__NODE__NODE_XML_EXPR:
    case PG_QUERY__NODE__NODE_XML_SERIALIZE: return "XML";
    case PG_QUERY__NODE__NODE_NAMED_ARG_EXPR: return "an argument by name";
    case PG_QUERY__NODE__NODE_CURRENT_OF_EXPR: return "WHERE CURRENT OF";
    case PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF: return "an assignment of a row";
    case PG_QUERY__NODE__NODE_RANGE_TABLE_SAMPLE: return "TABLESAMPLE";
    case PG_QUERY__NODE__NODE_RANGE_TABLE_FUNC: return "XMLTABLE";
    // Every alternative is a message, and a message starts with what it is: "TruncateStmt".
    default: return reinterpret_cast<const ProtobufCMessage*>(of.alias)->descriptor->short_name;
    }
}

} // namespace weir::sqlite::nodes
