#include "kernel/data/identity_names.h"

#include <system_error>

#include <fmt/format.h>

#include "formats/atomic_file.h"
#include "formats/text_file.h"
#include "formats/tsv_field.h"
#include "lafs/named.h"

namespace lafs {

void write_identity_names(const DataSource& source, const std::filesystem::path& file) {
  std::string lines = "identity\tname\n";
  bool tells = false;
  for (int64_t identity = 0; identity < source.identities(); ++identity) {
    const std::string name = identity_name(source, identity);
    if (name.empty()) continue;
    tells = tells || formats::label_number(name) != identity;
    lines += fmt::format("{}\t{}\n", identity, formats::tsv_field(name));
  }
  if (tells) return formats::write_atomically(file, lines);
  std::error_code none;
  std::filesystem::remove(file, none);
}

}  // namespace lafs
