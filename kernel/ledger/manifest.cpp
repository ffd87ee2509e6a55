#include "kernel/ledger/manifest.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>
#include <thread>

#include "formats/file_text.h"
#include "formats/host_name.h"
#include "kernel/ledger/json_file.h"
#include "kernel/registry/registry.h"
#include "kernel/results/json_text.h"
#include "lafs/error.h"
#include "lafs/stamp.h"

namespace lafs {

namespace {

/// The value behind the first "NAME : value" of /proc/cpuinfo; empty where there is none.
std::string cpuinfo(std::string_view name) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (line.starts_with(name) && colon != std::string::npos && colon + 2 <= line.size()) return line.substr(colon + 2);
  }
  return "";
}

/// The features that decide about speed and rounding; the rest of the hundred says nothing here.
nlohmann::json cpu_features() {
  constexpr std::array<std::string_view, 7> telling{"sse4_", "avx", "fma", "f16c", "amx", "bf16", "asimd"};
  std::istringstream flags(cpuinfo("flags") + " " + cpuinfo("Features"));
  nlohmann::json out = nlohmann::json::array();
  for (std::string flag; flags >> flag;) {
    for (const std::string_view prefix : telling) {
      if (flag.starts_with(prefix)) {
        out.push_back(flag);
        break;
      }
    }
  }
  return out;
}

nlohmann::json libraries(const Registry* registry) {
  nlohmann::json out = nlohmann::json::array();
  if (!registry) return out;
  for (const LoadedLibrary& library : registry->libraries()) {
    nlohmann::json plugins = nlohmann::json::array();
    for (const auto& [kind, name] : library.plugins) plugins.push_back(kind + "/" + name);
    out.push_back({{"file", library.path.string()}, {"build_id", library.build_id}, {"plugins", plugins}});
  }
  return out;
}

/// Those that do not lie beside the first library, which is one of lafs.
std::vector<const LoadedLibrary*> libraries_outside(const Registry& registry) {
  std::vector<const LoadedLibrary*> outside;
  for (const LoadedLibrary& library : registry.libraries()) {
    if (library.path.parent_path() != registry.libraries().front().path.parent_path()) outside.push_back(&library);
  }
  return outside;
}

nlohmann::json read_manifest(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw Error(fmt::format("cannot read \"{}\"", file.string()));
  nlohmann::json manifest = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!manifest.is_object() || !manifest.contains("sessions") || !manifest["sessions"].is_array()) {
    throw Error(fmt::format("\"{}\" is not a manifest; move it away to start a new one", file.string()));
  }
  return manifest;
}

}  // namespace

std::optional<std::string> last_recorded_data(const std::filesystem::path& folder) {
  const nlohmann::json manifest = json_or_nothing(folder / "manifest.json");
  if (!manifest.is_object() || !manifest.contains("sessions")) return std::nullopt;
  const nlohmann::json& sessions = manifest["sessions"];
  if (!sessions.is_array() || sessions.empty() || !sessions.back().is_object()) return std::nullopt;
  const std::string print = text_under(sessions.back(), "data_fingerprint");
  return print.empty() ? std::nullopt : std::optional(print);
}

std::string recorded_reason(const std::filesystem::path& folder, const std::string& before, const std::string& now) {
  const nlohmann::json manifest = json_or_nothing(folder / "manifest.json");
  if (!manifest.is_object() || !manifest.contains("sessions")) return "";
  for (const nlohmann::json& session : manifest["sessions"]) {
    if (!session.is_object() || !session.contains("accepted_data")) continue;
    const nlohmann::json& accepted = session["accepted_data"];
    if (text_under(accepted, "before") == before && text_under(accepted, "now") == now) return text_under(accepted, "reason");
  }
  return "";
}

nlohmann::json manifest_json(const ManifestFacts& facts) {
  constexpr Stamp stamp = this_build();
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const char* data = std::getenv("LAFS_DATA");
  nlohmann::json json{
      {"program",
       {{"version", LAFS_VERSION}, {"sdk", stamp.sdk.data()}, {"compiler", stamp.compiler.data()}, {"torch", stamp.torch.data()}}},
      {"machine",
       {{"host", formats::host_name("")},
        {"cpu", cpuinfo("model name")},
        {"features", cpu_features()},
        {"cores", std::thread::hardware_concurrency()}}},
      {"started", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now))},
      {"command", facts.command},
      {"recipe", facts.recipe_file},
      {"training_identity", facts.training_identity},
      {"data_fingerprint", facts.data_fingerprint},
      {"device", facts.device},
      {"threads", facts.threads},
      {"world", facts.world},
      {"environment", {{"LAFS_DATA", data ? nlohmann::json(data) : nlohmann::json(nullptr)}}},
      {"libraries", libraries(facts.registry)},
      {"notes", facts.notes},
      {"written", facts.written},
  };
  if (!facts.data_check.empty()) json["data_check"] = nlohmann::json::parse(facts.data_check);
  if (const auto& accepted = facts.accepted) {
    json["accepted_data"] = {
        {"before", accepted->before}, {"now", accepted->now}, {"reason", accepted->reason}, {"from_step", accepted->step}};
  }
  return json;
}

void write_manifest(const std::filesystem::path& folder, const ManifestFacts& facts, bool trains) {
  const std::filesystem::path file = folder / "manifest.json";
  const nlohmann::json session = manifest_json(facts);
  const bool is_there = std::filesystem::exists(file);
  const nlohmann::json before = is_there ? read_manifest(file) : session;
  nlohmann::json manifest = trains ? session : before;
  manifest["sessions"] = is_there ? before["sessions"] : nlohmann::json::array();
  manifest["sessions"].push_back(session);
  write_json(file, manifest);
}

std::vector<std::string> rebuilt_plugins(const std::filesystem::path& folder, const Registry& registry) {
  std::vector<std::string> notes;
  const auto outside = libraries_outside(registry);
  if (outside.empty()) return notes;
  const nlohmann::json manifest = json_or_nothing(folder / "manifest.json");
  if (!manifest.is_object() || !manifest.contains("libraries") || !manifest["libraries"].is_array()) return notes;
  const std::string recipe = formats::file_text(folder / "recipe.toml").value_or("");
  for (const LoadedLibrary* library : outside) {
    for (const nlohmann::json& before : manifest["libraries"]) {
      const std::string build = text_under(before, "build_id");
      if (text_under(before, "file") != library->path.string() || build.empty() || build == library->build_id) continue;
      for (const auto& [kind, name] : library->plugins) {
        if (recipe.find(fmt::format("use = \"{}\"", name)) == std::string::npos) continue;
        notes.push_back(
            fmt::format("{} \"{}\" was built again since \"{}\" was trained, and has the same revision: if its numbers have changed, "
                        "raise the revision and train again",
                        kind, name, folder.filename().string()));
      }
    }
  }
  return notes;
}

}  // namespace lafs
