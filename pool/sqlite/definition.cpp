#include "pool/sqlite/definition.hpp"

#include "pool/sqlite/dialect/nodes.hpp"
#include "pool/sqlite/dialect/refusal.hpp"

namespace weir::sqlite {

result<std::shared_ptr<const analysed_statement>>
analyse_definition(const PgQuery__Node& of, const catalog&, const analysis_settings&)
{
    return refusing({}, [&]() -> std::shared_ptr<const analysed_statement> {
        refuse_feature(nodes::feature_of(of));
    });
}

} // namespace weir::sqlite
