#pragma once
/// The fixtures' toy plugins, and what an action says when it fails.
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>

#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"
#include "support/error_of.h"

namespace lafs::test {

inline std::string fixture(const std::string& name) { return std::string(LAFS_TEST_FIXTURE_PLUGINS) + "/" + name + ".so"; }

/// A registry with toys.cpp alone.
inline Registry& toys() {
  static Registry* all = [] {
    auto* r = new Registry;
    r->load(fixture("toys"));
    return r;
  }();
  return *all;
}

inline Recipe recipe(std::string_view text, const RecipeContext& context = {}) { return open_recipe_text(text, "r.toml", context, toys()); }
inline std::string recipe_error(std::string_view text, const RecipeContext& context = {}) {
  return test::error_of([&] { recipe(text, context); });
}

/// A folder that is gone when the test is over.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / ("lafs_kernel_" + name + "_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  std::string text() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace lafs::test
