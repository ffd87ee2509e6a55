#pragma once
/// Files of torch.save that are ours to break.
#include <string>
#include <utility>

#include "formats/zip_archive.h"

namespace lafs::formats {

/// A one-tensor archive whose pickle is ours to break.
inline std::string archive(const std::string& pickle, const std::string& storage = std::string(24, '\0')) {
  const auto put = [](std::string& out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  };
  std::string file, directory;
  uint64_t count = 0;
  for (const auto& [name, data] : {std::pair<std::string, std::string>{"a/data.pkl", pickle}, {"a/data/0", storage}}) {
    std::string common;
    put(common, 0, 2);
    put(common, 0, 2);
    put(common, 0, 4);
    put(common, crc32(std::as_bytes(std::span(data))), 4);
    put(common, data.size(), 4);
    put(common, data.size(), 4);
    put(common, name.size(), 2);
    std::string central = std::string("PK\x01\x02") + std::string(4, '\0') + common + std::string(12, '\0');
    put(central, file.size(), 4);
    directory += central + name;
    file += std::string("PK\x03\x04") + std::string(2, '\0') + common + std::string(2, '\0') + name + data;
    ++count;
  }
  std::string end = "PK\x05\x06" + std::string(4, '\0');
  put(end, count, 2);
  put(end, count, 2);
  put(end, directory.size(), 4);
  put(end, file.size(), 4);
  return file + directory + end + std::string(2, '\0');
}

/// {"w": tensor} of a storage of `count` floats, with sizes and strides of one dimension.
inline std::string one_tensor(int offset, int size, int stride, int count, const std::string& function = "torch._utils\n_rebuild_tensor_v2",
                              const std::string& type = "FloatStorage") {
  const auto number = [](int value) { return "I" + std::to_string(value) + "\n"; };
  return "\x80\x02}U\x01wc" + function + "\n((U\x07storagectorch\n" + type + "\nU\x01" + "0U\x03" + "cpu" + number(count) + "tQ" +
         number(offset) + number(size) + "\x85" + number(stride) + "\x85\x89}tRs.";
}

}  // namespace lafs::formats
