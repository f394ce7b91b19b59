// Plays a corpus once: what libFuzzer found worth keeping is tried in every run of the tests, by
// any compiler.
#include "tests/fuzz/target.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

int main(int count, char** arguments)
try {
    unsigned played = 0;
    for (int i = 1; i < count; ++i)
        for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) {
            std::ifstream file{entry.path(), std::ios::binary};
            const std::string words{std::istreambuf_iterator<char>{file}, {}};
            std::printf("%s\n", entry.path().c_str());
            std::fflush(stdout); // a broken promise ends the program
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(words.data()),
                                   words.size());
            ++played;
        }
    return played > 0 ? 0 : 1;
} catch (const std::exception& broken) {
    std::printf("%s\n", broken.what());
    return 1;
}
