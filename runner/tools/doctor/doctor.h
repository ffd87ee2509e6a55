#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace lafs {

/// One thing that was looked at. With a remedy it is a fault; a note is worth knowing but not a fault.
struct Diagnosis {
  std::string subject, what;
  std::string remedy, note;
};

/// Looks at compiler, LibTorch, processor, GPU, every plugin, data and disk. `program` is the path of this process. [main thread]
std::vector<Diagnosis> diagnose(const std::filesystem::path& program);

bool is_healthy(const std::vector<Diagnosis>& all);
nlohmann::json diagnosis_json(const std::vector<Diagnosis>& all);
/// To standard output.
void print_diagnosis(const std::vector<Diagnosis>& all);

}  // namespace lafs
