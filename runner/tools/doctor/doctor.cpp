#include "runner/tools/doctor/doctor.h"

#include <link.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include <c10/core/Device.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/manifest.h"
#include "kernel/ranks/contention.h"
#include "kernel/ranks/device.h"
#include "kernel/registry/library_gate.h"
#include "kernel/registry/registry.h"
#include "lafs/error.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The first line that a command prints; empty if it cannot be run.
std::string first_line_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((command + " 2>/dev/null").c_str(), "r"),
                                                   [](FILE* file) { return file ? ::pclose(file) : 0; });
  char text[256] = "";
  if (!pipe || !std::fgets(text, sizeof text, pipe.get())) return "";
  std::string line(text);
  line.erase(std::find(line.begin(), line.end(), '\n'), line.end());
  return line;
}

/// The file of a library of this process.
std::string loaded_from(std::string_view name) {
  std::pair<std::string_view, std::string> wanted{name, ""};
  dl_iterate_phdr(
      [](dl_phdr_info* library, size_t, void* data) {
        auto& [name, path] = *static_cast<std::pair<std::string_view, std::string>*>(data);
        const fs::path file(library->dlpi_name);
        if (file.filename() == name) path = file.lexically_normal().string();
        return 0;
      },
      &wanted);
  return wanted.second;
}

void look_at_program(const fs::path& path, const json& facts, std::vector<Diagnosis>& lines) {
  const json& program = facts["program"];
  lines.push_back(
      {"lafs", fmt::format("{} at {}, sdk {}", program["version"].get<std::string>(), path.string(), program["sdk"].get<std::string>())});
  const std::string built_by = program["compiler"].get<std::string>(), here = first_line_of("g++ -dumpfullversion");
  Diagnosis compiler{"compiler", "built by " + built_by};
  if (here.empty()) {
    compiler.note = "no g++ in PATH: plugins are built elsewhere, or after apt-get install g++";
  } else if (built_by.starts_with("g++ ") && built_by.substr(4) != here) {
    compiler.note = fmt::format("g++ in PATH is {}, and plugins built by it are not loaded", here);
  }
  lines.push_back(compiler);
  lines.push_back({"LibTorch", fmt::format("{} at {}", program["torch"].get<std::string>(), loaded_from("libtorch_cpu.so"))});
}

void look_at_machine(const json& facts, std::vector<Diagnosis>& lines) {
  const at::Device device = open_device("auto");  // before any other call of torch
  const json& machine = facts["machine"];
  const auto features = machine["features"].get<std::vector<std::string>>();
  Diagnosis processor{"processor", fmt::format("{}, {} cores: {}", machine["cpu"].get<std::string>(), machine["cores"].get<int64_t>(),
                                               fmt::join(features, " "))};
  for (const char* precision : {"bf16", "fp16"}) {
    if (const std::string warning = precision_warning(precision, at::kCPU); !warning.empty())
      processor.note += (processor.note.empty() ? "" : "; ") + warning;
  }
  lines.push_back(processor);
  if (const char* threads = std::getenv("OMP_NUM_THREADS")) {
    lines.push_back({"threads", fmt::format("OMP_NUM_THREADS = {}; [run] threads of a recipe decides", threads)});
  }
  const auto cores = machine["cores"].get<int64_t>();
  const double share = core_share(cores);
  lines.push_back(
      {"cores", fmt::format("{:.0f} % of {} are free for this program", 100 * share, cores), "", contention_warning(share, cores)});
  Diagnosis gpu{"GPU", device.is_cuda() ? "there is one, and LibTorch can use it" : "none that LibTorch can use"};
  gpu.note = gpu_fault();
  lines.push_back(gpu);
}

void look_at_plugins(const fs::path& program, std::vector<Diagnosis>& lines) {
  Registry registry;
  for (const fs::path& folder : plugin_folders(program)) {
    std::vector<fs::path> libraries;
    try {
      libraries = plugin_libraries(folder);
    } catch (const std::exception& error) {
      lines.push_back({"plugins", folder.string(), fmt::format("{}; correct LAFS_PLUGIN_PATH", sentence_of(error)), ""});
      continue;
    }
    size_t loaded = 0;
    std::vector<Diagnosis> wrong;
    for (const fs::path& library : libraries) {
      try {
        registry.load(library);
        ++loaded;
      } catch (const std::exception& error) {
        wrong.push_back({"plugin", library.filename().string(), sentence_of(error), ""});
      }
    }
    lines.push_back({"plugins", fmt::format("{} of {} libraries load from {}", loaded, libraries.size(), folder.string())});
    lines.insert(lines.end(), wrong.begin(), wrong.end());
  }
  for (const std::string& kind : Registry::kinds()) {
    if (registry.names(kind).empty())
      lines.push_back({"plugins", fmt::format("no {}", kind), "a recipe needs one; build or install lafs whole", ""});
  }
}

void look_at_disk(std::vector<Diagnosis>& lines) {
  const char* data = std::getenv("LAFS_DATA");
  if (!data) {
    lines.push_back({"data", "LAFS_DATA is not set", "", "recipes that use \"@data/...\" need it, or --set paths.data=DIR"});
  } else if (!fs::is_directory(data)) {
    lines.push_back({"data", fmt::format("LAFS_DATA = {}", data), "there is no such folder; point it at your data", ""});
  } else {
    lines.push_back({"data", fmt::format("LAFS_DATA = {}", data)});
  }
  std::error_code code;
  const fs::space_info space = fs::space(".", code);
  constexpr double gigabyte = 1e9;
  Diagnosis disk{"disk",
                 code ? code.message()
                      : fmt::format("{:.1f} GB free in {}", static_cast<double>(space.available) / gigabyte, fs::current_path().string())};
  if (!code && static_cast<double>(space.available) < 2 * gigabyte)
    disk.remedy = "checkpoints of a large model do not fit; run elsewhere with --out";
  lines.push_back(disk);
}

}  // namespace

std::vector<Diagnosis> diagnose(const fs::path& program) {
  const json facts = manifest_json({});
  std::vector<Diagnosis> all;
  look_at_program(program, facts, all);
  look_at_machine(facts, all);
  look_at_plugins(program, all);
  look_at_disk(all);
  return all;
}

bool is_healthy(const std::vector<Diagnosis>& all) {
  return std::all_of(all.begin(), all.end(), [](const Diagnosis& one) { return one.remedy.empty(); });
}

json diagnosis_json(const std::vector<Diagnosis>& all) {
  json out = json::array();
  for (const auto& [subject, what, remedy, note] : all)
    out.push_back({{"subject", subject}, {"what", what}, {"ok", remedy.empty()}, {"remedy", remedy}, {"note", note}});
  return out;
}

void print_diagnosis(const std::vector<Diagnosis>& all) {
  for (const auto& [subject, what, remedy, note] : all) {
    fmt::print("{:<5} {:<10} {}\n", remedy.empty() ? "ok" : "WRONG", subject, what);
    if (!remedy.empty()) fmt::print("{:<16} {}\n", "", remedy);
    if (!note.empty()) fmt::print("{:<16} note: {}\n", "", note);
  }
}

}  // namespace lafs
