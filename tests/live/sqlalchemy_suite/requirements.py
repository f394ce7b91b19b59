"""What PostgreSQL 15 can do, as the suite asks for it: the same for every candidate, so that the same
tests are run.
"""

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

OPEN = """
autocommit boolean_col_expressions cast_precision_numerics_many_significant_digits
check_constraint_reflection comment_reflection computed_columns computed_columns_default_persisted
computed_columns_reflect_persisted computed_columns_stored cross_schema_fk_reflection ctes
ctes_on_dml ctes_with_update_delete date_historic datetime_historic datetime_timezone
default_schema_name_switch deferrable_fks delete_from except_ fetch_expression fetch_first
fetch_no_order_by fetch_offset_with_options fetch_ties
fk_constraint_option_reflection_ondelete_noaction fk_constraint_option_reflection_ondelete_restrict
fk_constraint_option_reflection_onupdate_restrict foreign_key_constraint_name_reflection
foreign_key_constraint_option_reflection_ondelete foreign_key_constraint_option_reflection_onupdate
has_temp_table identity_columns identity_columns_standard implicit_default_schema
index_ddl_if_exists index_reflects_included_columns indexes_with_expressions infinity_floats
intersect isolation_level json_array_indexes json_type legacy_unconditional_json_extract
mod_operator_as_percent_sign nullsordering order_by_collation percent_schema_names
precision_numerics_enotation_large precision_numerics_enotation_small
precision_numerics_many_significant_digits precision_numerics_retains_significant_digits
reflect_tables_no_columns reflects_pk_names regexp_match regexp_replace savepoints standalone_binds
supports_distinct_on table_ddl_if_exists table_value_constructor temporary_views time_timezone
tuple_in tuple_in_w_empty two_phase_transactions unicode_ddl update_from view_column_reflection
view_reflection views window_functions
""".split()
ISOLATION = ["SERIALIZABLE", "READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ"]


class Requirements(SuiteRequirements):
    @property
    def async_dialect(self):
        return exclusions.only_if(lambda c: c.db.dialect.is_async)

    def get_order_by_collation(self, config):
        return "POSIX"

    def get_isolation_levels(self, config):
        return {"default": "READ COMMITTED", "supported": ISOLATION + ["AUTOCOMMIT"]}


for _n in OPEN:
    setattr(Requirements, _n, property(lambda self: exclusions.open()))
