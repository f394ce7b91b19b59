#include "daemon/handover/state_file.hpp"

#include <boost/crc.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <sys/socket.h>
#include <vector>

namespace weir {

TEST_SUITE_BEGIN("state_file");

namespace {

state_file a_file()
{
    auto made = state_file::create();
    REQUIRE(made.has_value());
    return std::move(*made);
}

std::map<std::uint64_t, std::string> kept_in(const state_file& file)
{
    const auto read = read_state_file(file.descriptor());
    REQUIRE(read.has_value());
    std::map<std::uint64_t, std::string> out;
    for (const kept_record& k : *read)
        CHECK(out.emplace(k.cookie, k.record).second);
    return out;
}

void put(state_file& file, state_slot* slot, const std::string& record)
{
    REQUIRE(slot);
    REQUIRE(file.write(*slot, record));
    slot->say(true);
}

} // namespace

TEST_CASE("a note is there beside the records, the last one alone")
{
    state_file file = a_file();
    CHECK(read_note(file.descriptor()).empty());
    CHECK(file.note("a longer one"));
    CHECK(file.note("the last"));
    put(file, file.take(11), "one");
    CHECK(read_note(file.descriptor()) == "the last");
    CHECK(kept_in(file).size() == 1);
    CHECK_FALSE(file.note(std::string(4'096, 'x')));
    CHECK(read_note(file.descriptor()).empty());
    CHECK(kept_in(file).size() == 1);
}

TEST_CASE("a note that is damaged, or in no file of ours, is none")
{
    state_file file = a_file();
    CHECK(file.note("whole"));
    for (off_t at = 0; at < 80; ++at) {
        CAPTURE(at);
        char was = 0;
        REQUIRE(::pread(file.descriptor(), &was, 1, at) == 1);
        const char other = static_cast<char>(was ^ 1);
        REQUIRE(::pwrite(file.descriptor(), &other, 1, at) == 1);
        const std::string read = read_note(file.descriptor());
        CHECK((read.empty() || read == "whole")); // it is not all of the file
        REQUIRE(::pwrite(file.descriptor(), &was, 1, at) == 1);
    }
    CHECK(read_note(file.descriptor()) == "whole");
    CHECK(read_note(-1).empty());
}

TEST_CASE("the records of idle clients are there, without a close or a flush")
{
    state_file file = a_file();
    CHECK(kept_in(file).empty());
    state_slot* const idle = file.take(11);
    put(file, idle, "one");
    state_slot* const busy = file.take(12);
    put(file, busy, "two");
    busy->say(false);
    state_slot* const gone = file.take(13);
    put(file, gone, "three");
    file.release(*gone);
    put(file, file.take(14), "");
    CHECK(kept_in(file) == std::map<std::uint64_t, std::string>{{11, "one"}, {14, ""}});
    busy->say(true);
    CHECK(kept_in(file).size() == 3);
}

TEST_CASE("whatever is written, taken and released, the records are those that were written")
{
    std::mt19937_64 dice{20'261'123};
    state_file file = a_file();
    std::map<std::uint64_t, std::pair<state_slot*, std::string>> expected;
    for (unsigned step = 0; step < 3'000; ++step) {
        const std::uint64_t cookie = dice() % 40;
        const auto known = expected.find(cookie);
        if (known == expected.end()) {
            state_slot* const slot = file.take(cookie);
            put(file, slot, std::to_string(step));
            expected[cookie] = {slot, std::to_string(step)};
        } else if (dice() % 4 == 0) {
            file.release(*known->second.first);
            expected.erase(known);
        } else {
            known->second.second = std::string(dice() % 5'000, static_cast<char>('a' + step % 26));
            put(file, known->second.first, known->second.second);
        }
    }
    std::map<std::uint64_t, std::string> records;
    for (const auto& [cookie, slot_and_record] : expected)
        records[cookie] = slot_and_record.second;
    CHECK(kept_in(file) == records);
}

TEST_CASE("a record that was damaged is left out, the others are read")
{
    state_file file = a_file();
    state_slot* const first = file.take(1);
    put(file, first, "first");
    put(file, file.take(2), "second");
    const std::uint64_t offset = first->offset;
    SUBCASE("in its bytes")
    {
        CHECK(::pwrite(file.descriptor(), "F", 1, static_cast<off_t>(offset)) == 1);
    }
    SUBCASE("in its place") { first->offset = 64; }
    SUBCASE("beyond the file") { first->offset = ~std::uint64_t{0} - 2; }
    SUBCASE("in its size") { first->size = ~std::uint32_t{0}; }
    CHECK(kept_in(file) == std::map<std::uint64_t, std::string>{{2, "second"}});
}

TEST_CASE("what is no such file, or of another version, is an error")
{
    state_file file = a_file();
    const auto refusal = [&] {
        const auto read = read_state_file(file.descriptor());
        REQUIRE(read.has_error());
        return read.error().message;
    };
    const std::uint32_t other = state_file::version + 1;
    CHECK(::pwrite(file.descriptor(), &other, sizeof other, 8) == sizeof other);
    CHECK(refusal() == "what was kept of the clients is of version 3; this weir reads version 2");
    CHECK(::pwrite(file.descriptor(), "?", 1, 0) == 1);
    CHECK(refusal() == "what was kept of the clients cannot be read: it is none of weir's");
    CHECK(::ftruncate(file.descriptor(), 3) == 0);
    CHECK(refusal() == "what was kept of the clients cannot be read: it is none of weir's");
}

TEST_CASE("a record that is too large for the file is refused, and what was there is not true now")
{
    state_file file = a_file();
    state_slot* const slot = file.take(1);
    put(file, slot, "small");
    CHECK_FALSE(file.write(*slot, std::string((std::size_t{64} << 20) + 1, 'x')));
    CHECK(kept_in(file).empty());
    put(file, slot, "small again");
    CHECK(kept_in(file) == std::map<std::uint64_t, std::string>{{1, "small again"}});
}

TEST_CASE("a socket has one cookie, in whatever hands it is")
{
    std::array<int, 2> pair{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) == 0);
    const int copy = ::dup(pair[0]);
    CHECK(socket_cookie(pair[0]) != 0);
    CHECK(socket_cookie(copy) == socket_cookie(pair[0]));
    CHECK(socket_cookie(pair[1]) != socket_cookie(pair[0]));
    for (const int descriptor : {pair[0], pair[1], copy})
        ::close(descriptor);
}

TEST_CASE("what claims to be larger than any record can be is not read")
{
    state_file file = a_file();
    put(file, file.take(1), "one");
    put(file, file.take(2), "two");
    constexpr std::uint32_t too_large = (64u << 20) + 1;
    boost::crc_32_type crc; // of what is there, so that its size alone tells
    std::vector<char> zeros(too_large);
    crc.process_bytes("one", 3);
    crc.process_bytes(zeros.data() + 3, 253);
    crc.process_bytes("two", 3);
    crc.process_bytes(zeros.data() + 259, too_large - 259);
    const std::array<std::uint32_t, 1> size{too_large};
    const std::array<std::uint32_t, 1> sum{crc.checksum()};
    constexpr off_t first_slot = 4'096;
    REQUIRE(::pwrite(file.descriptor(), size.data(), 4, first_slot + 4) == 4);
    REQUIRE(::pwrite(file.descriptor(), sum.data(), 4, first_slot + 28) == 4);
    CHECK(kept_in(file) == std::map<std::uint64_t, std::string>{{2, "two"}});
}

TEST_SUITE_END();

} // namespace weir
