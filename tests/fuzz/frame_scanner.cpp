// A header is read alike from any five bytes, a limit is kept, and fields stay inside their body.
#include "pool/pgwire/frame.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>

using namespace weir::pgwire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const bytes all = std::as_bytes(std::span{data, size});
    for (bytes rest = all; !rest.empty();) {
        frame_header h;
        const scan_status status = scan_header(rest, h);
        for (std::size_t cut = 0; cut < std::min<std::size_t>(rest.size(), 8); ++cut) {
            frame_header again;
            const scan_status of_part = scan_header(rest.first(cut), again);
            promise(of_part == (cut < header_size ? scan_status::need_more : status));
            promise(of_part != scan_status::frame || again.size() == h.size());
        }
        if (status != scan_status::frame)
            break;
        promise(h.body_size <= body_limit && h.size() >= header_size);

        const bytes body =
            rest.subspan(header_size,
                         std::min<std::size_t>(h.body_size, rest.size() - header_size));
        field_reader fields{body};
        for (std::size_t turn = 0; fields.ok() && !fields.at_end(); ++turn) {
            promise(turn <= body.size());
            const std::size_t before = fields.rest().size();
            switch (turn % 5) {
            case 0: fields.text(); break;
            case 1: fields.u16(); break;
            case 2: fields.raw(fields.u8()); break;
            case 3: fields.u32(); break;
            default: fields.i32(); break;
            }
            promise(fields.rest().size() < before);
        }
        promise(fields.ok() || fields.rest().empty());
        rest = rest.subspan(std::min(h.size(), rest.size()));
    }
    return 0;
}
