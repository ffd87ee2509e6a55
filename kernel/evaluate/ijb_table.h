#pragma once
#include <filesystem>
#include <string>

namespace lafs {

/// The evaluator `template_verification` on an IJB folder, as a table of a recipe in TOML: what `evaluation_tables` gives, without 1:N.
/// Throws Error for a folder without its list of pictures. [any thread]
std::string template_verification_table(const std::filesystem::path& ijb);

}  // namespace lafs
