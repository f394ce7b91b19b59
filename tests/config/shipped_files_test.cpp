// config/weir.schema.json and config/weir.example.json against the loader: they cannot drift apart.
#include "config/print.hpp"
#include "tests/config/fake_sources.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <set>

using namespace weir;
using nlohmann::json;

namespace {

std::string shipped(const std::string& name)
{
    std::ifstream file(std::string(WEIR_SOURCE_DIR "/config/") + name);
    return {std::istreambuf_iterator<char>(file), {}};
}

using paths = std::set<std::string>;

// "listen.port", "backends.NAME.pool.size": the leaves.
void collect_schema(const json& root, const json& node, const std::string& path, paths& out)
{
    if (node.contains("$ref")) {
        const std::string target = node["$ref"].get<std::string>().substr(1); // "#/$defs/pool"
        return collect_schema(root, root.at(json::json_pointer(target)), path, out);
    }
    const std::string below = path.empty() ? "" : path + ".";
    if (node.contains("properties"))
        for (const auto& [key, child] : node["properties"].items())
            collect_schema(root, child, below + key, out);
    else if (path == "backends")
        collect_schema(root, node["additionalProperties"], below + "NAME", out);
    else
        out.insert(path);
}

void collect_values(const json& node, const std::string& path, paths& out)
{
    if (!node.is_object() || path.ends_with(".env")) {
        out.insert(path);
        return;
    }
    for (const auto& [key, child] : node.items()) {
        const std::string name = path == "backends" ? "NAME" : key;
        collect_values(child, path.empty() ? name : path + "." + name, out);
    }
}

paths schema_paths()
{
    paths out;
    const json schema = json::parse(shipped("weir.schema.json"));
    collect_schema(schema, schema, "", out);
    return out;
}

// The path as an object around an object that no knob takes for a value.
json file_with(const std::string& path)
{
    std::string pointer = "/" + path;
    std::ranges::replace(pointer, '.', '/');
    json file;
    file[json::json_pointer(pointer)] = {{"nonsense", 1}};
    return file;
}

} // namespace

TEST_SUITE_BEGIN("config");

TEST_CASE("the schema describes the knobs that are printed, and no others")
{
    paths printed;
    test::fake_sources from = test::with_file(R"({"listen": {"group": "g"}, "backends": {"a": {
        "url": "sqlite:///a.db", "migrations": {"cwd": "/", "version_table_schema": "ops"}}}})");
    collect_values(json::parse(to_json(test::loaded(from))), "", printed);
    printed.insert("$schema");
    printed.insert("backends.NAME.url_file");
    CHECK(json(printed).dump() == json(schema_paths()).dump());
}

TEST_CASE("the loader knows every knob of the schema")
{
    for (const std::string& path : schema_paths()) {
        if (path == "$schema")
            continue;
        CAPTURE(path);
        const std::string said = test::complaints_of(test::with_file(file_with(path).dump()));
        CHECK(said.find(path + " is an object; it must be ") != std::string::npos);
        CHECK(said.find("is not a setting") == std::string::npos);
    }
}

TEST_CASE("the schema's defaults are the loader's")
{
    const json schema = json::parse(shipped("weir.schema.json"));
    json file = json::object();
    const auto take_defaults = [](const json& properties, json& into) {
        for (const auto& [key, node] : properties.items())
            if (node.contains("default"))
                into[key] = node["default"];
    };
    take_defaults(schema["properties"], file);
    for (const char* const group : {"listen", "metrics", "log"})
        take_defaults(schema["properties"][group]["properties"], file[group]);
    json& backend = file["backends"]["database"];
    backend["url"] = "sqlite:///./app/database.db";
    take_defaults(schema["$defs"]["pool"]["properties"], backend["pool"]);
    take_defaults(schema["$defs"]["migrations"]["properties"], backend["migrations"]);
    settings from_schema = test::loaded(test::with_file(file.dump()));
    from_schema.file.clear();
    CHECK((from_schema == test::loaded({})));
    CHECK(file["backends"]["database"]["pool"].size() ==
          schema["$defs"]["pool"]["properties"].size());
}

TEST_CASE("the example loads, shows every knob, and its pool is at the defaults")
{
    const std::string text = shipped("weir.example.json");
    test::fake_sources from = test::with_file(text);
    from.environment["CREDENTIALS_DIRECTORY"] = "/creds";
    from.files["/creds/main.url"] = "postgresql://weir:p@db/main\n";
    const settings all = test::loaded(from);
    CHECK(all.backends.size() == 2);
    for (const backend_settings& backend : all.backends)
        CHECK((backend.pool == pool_settings{}));
    paths shown;
    collect_values(json::parse(text, nullptr, true, true), "", shown);
    CHECK(json(shown).dump() == json(schema_paths()).dump());
}

TEST_SUITE_END();
