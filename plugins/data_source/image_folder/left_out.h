#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/other_endings.h"

namespace lafs::image_folder {

/// What lies in a folder of people and is neither one of them nor a picture of one: counted while the folder is listed, and told once.
class LeftOut {
 public:
  enum class Why {
    hidden,         ///< the name begins with a dot
    of_a_system,    ///< a folder that a system, a file server or a camera adds
    of_nobody,      ///< a picture that lies beside the folders of people
    there_already,  ///< a link to what is listed without it
    leads_nowhere,  ///< a link to nothing
    no_picture      ///< a folder of the root without any
  };

  void add(Why why, const std::string& path);
  void add_ending(std::string_view name) { endings_.add(name); }  ///< a file whose name does not end as a picture's does
  /// A sentence for each kind, with its number and the first path in the order of bytes.
  std::vector<std::string> notes() const;

 private:
  struct Kind {
    int64_t count = 0;
    std::string first;
  };
  std::array<Kind, 6> kinds_;
  formats::OtherEndings endings_;
};

/// Whether it is the name of a folder that systems, file servers and cameras add beside pictures: "@eaDir", "__MACOSX", "lost+found".
bool is_system_folder(std::string_view name);

}  // namespace lafs::image_folder
