#include "kernel/registry/registry.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <system_error>

#include <cxxabi.h>
#include <fmt/format.h>
#include <boost/dll/shared_library.hpp>

#include "kernel/registry/library_gate.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// Keeps what an entry function registers until all of it has been checked.
class Collector final : public Registrar {
 public:
  const std::vector<Registration>& found() const { return found_; }

 protected:
  void put(Registration registration) override { found_.push_back(std::move(registration)); }

 private:
  std::vector<Registration> found_;
};

std::string demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 && name ? name.get() : symbol;
}

/// A user needs only dlerror's message, which is in the middle of Boost's.
std::string reworded(std::string text) {
  constexpr std::string_view mark = "(dlerror system message: ";
  if (const size_t start = text.find(mark); start != std::string::npos) {
    text = text.substr(start + mark.size());
    text = text.substr(0, text.rfind(')'));
  }
  if (const size_t end = text.find(": cannot open shared object file"); end != std::string::npos) {
    return fmt::format("needs the library \"{}\", which is not found", text.substr(0, end));
  }
  constexpr std::string_view symbol = "undefined symbol: ";
  if (const size_t start = text.find(symbol); start != std::string::npos) {
    return fmt::format("needs the symbol \"{}\", which no library offers", demangled(text.substr(start + symbol.size())));
  }
  return fmt::format("cannot be opened: {}", text);
}

/// Opens a library that passed the gate, for the rest of the process.
const boost::dll::shared_library& opened(const fs::path& library) {
  // Leaked on purpose: objects, deleters and vtables of a plugin may outlive every destructor of ours, so nothing is ever closed.
  static auto& handles = *new std::vector<boost::dll::shared_library>;
  try {
    handles.emplace_back(fs::absolute(library), boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::exception& e) {
    throw Error(library.string() + ": " + reworded(e.what()));
  }
  return handles.back();
}

void call_entry(const boost::dll::shared_library& handle, const fs::path& library, Registrar& registrar) {
  if (!handle.has("lafs_plugin")) throw Error(library.string() + ": has no entry lafs_plugin");
  try {
    handle.get<void(Registrar&)>("lafs_plugin")(registrar);
  } catch (const std::exception& e) {
    throw Error(fmt::format("{}: its entry lafs_plugin failed: {}", library.string(), e.what()));
  } catch (...) {
    throw Error(fmt::format("{}: its entry lafs_plugin failed: it threw something that is not an exception", library.string()));
  }
}

}  // namespace

const std::vector<std::string>& Registry::kinds() {
  static const std::vector<std::string> all{"data_source", "augmentation", "backbone",  "projector",
                                            "head",        "objective",    "optimizer", "evaluator"};
  return all;
}

void Registry::load(const fs::path& library) {
  const auto same = [&](const LoadedLibrary& loaded) {
    std::error_code code;
    return fs::equivalent(loaded.path, library, code);
  };
  if (std::any_of(libraries_.begin(), libraries_.end(), same)) return;

  LoadedLibrary loaded{library, check_library(library), {}};
  Collector collector;
  call_entry(opened(library), library, collector);

  auto entries = entries_;
  for (const Registration& registration : collector.found()) {
    if (std::find(kinds().begin(), kinds().end(), registration.kind) == kinds().end()) {
      throw Error(fmt::format("{}: registers \"{}\" with the kind \"{}\", which does not exist{}", library.string(), registration.name,
                              registration.kind, suggestion(registration.kind, kinds())));
    }
    const auto [place, fresh] = entries.try_emplace({registration.kind, registration.name}, RegistryEntry{registration, library});
    if (!fresh) {
      throw Error(fmt::format("{} \"{}\" is registered twice: by {} and {}", registration.kind, registration.name,
                              place->second.library.string(), library.string()));
    }
    loaded.plugins.emplace_back(registration.kind, registration.name);
  }
  entries_ = std::move(entries);
  libraries_.push_back(std::move(loaded));
}

void Registry::load_folder(const fs::path& folder) {
  for (const fs::path& library : plugin_libraries(folder)) load(library);
  if (!fs::is_directory(folder / "maps")) return;
  for (const auto& item : fs::directory_iterator(folder / "maps")) {
    if (item.path().extension() != ".toml") continue;
    const auto [known, fresh] = maps_.emplace(item.path().stem().string(), item.path());
    std::error_code code;
    if (!fresh && !fs::equivalent(known->second, item.path(), code))
      throw Error(fmt::format("name map \"{}\" exists twice: {} and {}", known->first, known->second.string(), item.path().string()));
  }
}

const fs::path& Registry::map(const std::string& name) const {
  const auto found = maps_.find(name);
  if (found != maps_.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [one, file] : maps_) known.push_back(one);
  throw Error(fmt::format("there is no name map \"{}\"{}", name, suggestion(name, known)));
}

const RegistryEntry* Registry::find(std::string_view kind, std::string_view name) const {
  const auto found = entries_.find(std::pair<std::string, std::string>(kind, name));
  return found == entries_.end() ? nullptr : &found->second;
}

std::vector<std::string> Registry::names(std::string_view kind) const {
  std::vector<std::string> out;
  for (const auto& [key, entry] : entries_) {
    if (key.first == kind) out.push_back(key.second);
  }
  return out;
}

std::vector<std::string> Registry::with_capability(std::string_view kind, std::string_view capability) const {
  std::vector<std::string> out;
  for (const auto& [key, entry] : entries_) {
    const auto& all = entry.registration.capabilities;
    if (key.first == kind && std::find(all.begin(), all.end(), capability) != all.end()) out.push_back(key.second);
  }
  return out;
}

std::vector<const RegistryEntry*> Registry::all() const {
  std::vector<const RegistryEntry*> out;
  for (const std::string& kind : kinds()) {
    for (const std::string& name : names(kind)) out.push_back(find(kind, name));
  }
  return out;
}

std::vector<fs::path> plugin_folders(const fs::path& program) {
  std::vector<fs::path> out;
  // A program that was built without plugins has no such folder. The folders of the variable must exist, so all of them are returned.
  const fs::path beside = (fs::absolute(program).parent_path() / "../lib/lafs/plugins").lexically_normal();
  if (fs::is_directory(beside)) out.push_back(beside);
  const char* variable = std::getenv("LAFS_PLUGIN_PATH");
  std::string_view rest = variable ? variable : "";
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0) out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

}  // namespace lafs
