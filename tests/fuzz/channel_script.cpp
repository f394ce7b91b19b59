// What a text says about channels is cut out of it cleanly: what a server gets instead says the
// same again, but for each LISTEN an UNLISTEN *, which has nothing to be listened to.
#include "pool/pgwire/channel_script.hpp"

#include "tests/fuzz/target.hpp"

#include <string_view>

using namespace weir::pgwire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view sql{reinterpret_cast<const char*>(data), size};
    const channel_script_ptr script = read_channel_script(sql, true);
    const channel_script_ptr without_transactions = read_channel_script(sql, false);
    promise(script || !without_transactions);
    if (!script)
        return 0;
    promise(!script->steps.empty());
    promise(script->wanted.empty() == script->text.empty());
    if (script->wanted.empty())
        return 0;
    const channel_script_ptr sent = read_channel_script(script->text, true);
    promise(sent && sent->wanted.empty() && sent->text.empty());
    promise(sent->steps.size() == script->steps.size());
    promise(sent->is_alone == script->is_alone);
    for (std::size_t i = 0; i < sent->steps.size(); ++i) {
        const channel_step& before = script->steps[i];
        const bool is_replaced = before.what == channel_step::kind::listen;
        promise(sent->steps[i] ==
                (is_replaced ? channel_step{channel_step::kind::unlisten_all} : before));
        promise(!is_replaced || (!before.name.empty() && before.name.size() <= 63));
    }
    return 0;
}
