#include <link.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <c10/core/Device.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/ledger/manifest.h"
#include "kernel/ranks/device.h"
#include "kernel/registry/library_gate.h"
#include "lafs/error.h"
#include "runner/commands/command.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// One thing that was looked at. A remedy makes it a fault; a note is worth knowing, and no fault.
struct Line {
  std::string subject, what;
  std::string remedy, note;
};

/// What a command prints first, without its line's end; empty where it cannot be run.
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

void look_at_program(const Invocation& invocation, const json& facts, std::vector<Line>& lines) {
  const json& program = facts["program"];
  lines.push_back({"lafs", fmt::format("{} at {}, sdk {}", program["version"].get<std::string>(), invocation.program.string(),
                                       program["sdk"].get<std::string>())});
  const std::string built_by = program["compiler"].get<std::string>(), here = first_line_of("g++ -dumpfullversion");
  Line compiler{"compiler", "built by " + built_by};
  if (here.empty()) {
    compiler.note = "no g++ in PATH: plugins are built elsewhere, or after apt-get install g++";
  } else if (built_by.starts_with("g++ ") && built_by.substr(4) != here) {
    compiler.note = fmt::format("g++ in PATH is {}, and plugins built by it are not loaded", here);
  }
  lines.push_back(compiler);
  lines.push_back({"LibTorch", fmt::format("{} at {}", program["torch"].get<std::string>(), loaded_from("libtorch_cpu.so"))});
}

void look_at_machine(const json& facts, std::vector<Line>& lines) {
  const json& machine = facts["machine"];
  const auto features = machine["features"].get<std::vector<std::string>>();
  Line processor{"processor", fmt::format("{}, {} cores: {}", machine["cpu"].get<std::string>(), machine["cores"].get<int64_t>(),
                                          fmt::join(features, " "))};
  for (const char* precision : {"bf16", "fp16"}) {
    if (const std::string warning = precision_warning(precision, at::kCPU); !warning.empty())
      processor.note += (processor.note.empty() ? "" : "; ") + warning;
  }
  lines.push_back(processor);
  if (const char* threads = std::getenv("OMP_NUM_THREADS")) {
    lines.push_back({"threads", fmt::format("OMP_NUM_THREADS = {}; [run] threads of a recipe decides", threads)});
  }
  const at::Device device = open_device("auto");
  Line gpu{"GPU", device.is_cuda() ? "there is one, and LibTorch can use it" : "none that LibTorch can use"};
  const bool driver = fs::exists("/proc/driver/nvidia/version");
  if (driver && !device.is_cuda()) gpu.note = "the machine has NVIDIA's driver: ./bootstrap --cuda brings LibTorch's CUDA libraries";
  lines.push_back(gpu);
}

void look_at_plugins(const Invocation& invocation, std::vector<Line>& lines) {
  Registry registry;
  for (const fs::path& folder : plugin_folders(invocation.program)) {
    std::vector<fs::path> libraries;
    try {
      libraries = plugin_libraries(folder);
    } catch (const std::exception& error) {
      lines.push_back({"plugins", folder.string(), fmt::format("{}; mend LAFS_PLUGIN_PATH", sentence_of(error)), ""});
      continue;
    }
    size_t loaded = 0;
    std::vector<Line> wrong;
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

void look_at_disk(std::vector<Line>& lines) {
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
  Line disk{"disk",
            code ? code.message()
                 : fmt::format("{:.1f} GB free in {}", static_cast<double>(space.available) / gigabyte, fs::current_path().string())};
  if (!code && static_cast<double>(space.available) < 2 * gigabyte)
    disk.remedy = "checkpoints of a large model do not fit; run elsewhere with --out";
  lines.push_back(disk);
}

int run(const Invocation& invocation, bool as_json) {
  const json facts = manifest_json({});
  std::vector<Line> lines;
  look_at_program(invocation, facts, lines);
  look_at_machine(facts, lines);
  look_at_plugins(invocation, lines);
  look_at_disk(lines);
  const bool healthy = std::all_of(lines.begin(), lines.end(), [](const Line& line) { return line.remedy.empty(); });
  if (as_json) {
    json out = json::array();
    for (const Line& line : lines) {
      out.push_back(
          {{"subject", line.subject}, {"what", line.what}, {"ok", line.remedy.empty()}, {"remedy", line.remedy}, {"note", line.note}});
    }
    fmt::print("{}\n", out.dump(1));
    return healthy ? done : failed;
  }
  for (const Line& line : lines) {
    fmt::print("{:<5} {:<10} {}\n", line.remedy.empty() ? "ok" : "WRONG", line.subject, line.what);
    if (!line.remedy.empty()) fmt::print("{:<16} {}\n", "", line.remedy);
    if (!line.note.empty()) fmt::print("{:<16} note: {}\n", "", line.note);
  }
  return healthy ? done : failed;
}

}  // namespace

Action add_doctor(CLI::App& app) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("doctor", "look at this installation: compiler, LibTorch, processor, GPU, every plugin, data, disk");
  command->footer("Exit status: 0 all is well, 1 something is wrong, and the line below it says what to do.");
  command->add_flag("--json", *as_json, "as JSON");
  return [as_json](const Invocation& invocation) { return run(invocation, *as_json); };
}

}  // namespace lafs
