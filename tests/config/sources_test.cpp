#include "config/sources.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace weir;

TEST_SUITE_BEGIN("config");

TEST_CASE("the real sources tell a file from a missing one and from a directory")
{
    std::string pattern = std::filesystem::temp_directory_path() / "weir-sources-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    const std::filesystem::path dir = pattern;
    const std::string text("a\0b\n", 4);
    std::ofstream(dir / "file", std::ios::binary) << text;

    const sources real = real_sources();
    CHECK(real.read_file(dir / "file").value() == text);
    CHECK(real.read_file(dir / "none").error() == boost::system::errc::no_such_file_or_directory);
    CHECK(real.read_file(dir).error() == boost::system::errc::is_a_directory);

    CHECK(real.is_usable_directory(dir));
    CHECK(real.is_usable_directory(dir / "new"));
    CHECK_FALSE(real.is_usable_directory(dir / "file"));
    CHECK_FALSE(real.is_usable_directory(dir / "none" / "new"));
    std::filesystem::remove_all(dir);
}

TEST_CASE("the real environment tells a variable that is set from one that is not")
{
    const sources real = real_sources();
    setenv("WEIR_SOURCES_TEST", "x", 1);
    CHECK(real.environment("WEIR_SOURCES_TEST") == "x");
    unsetenv("WEIR_SOURCES_TEST");
    CHECK_FALSE(real.environment("WEIR_SOURCES_TEST").has_value());
}

TEST_SUITE_END();
