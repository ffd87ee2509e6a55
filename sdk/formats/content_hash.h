#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "formats/content_index.h"
#include "formats/face_records.h"
#include "lafs/content_hashed.h"

namespace lafs::formats {

/// Hashes of the whole contents of `count` files; of a file that cannot be read {0, 0}. `name(i)` is the i-th file's within `folder`, also
/// the key of the folder's ContentIndex, from which those come that did not change. `request` is told of the progress; its `only` is not
/// looked at. Memory: 16 bytes a file, and 64 more while new ones are kept. Throws StoppedReading. [one thread at a time]
std::vector<ContentHash> hash_files(const std::filesystem::path& folder, int64_t count, const std::function<std::string(int64_t)>& name,
                                    const ContentRequest& request);

/// One hash over records of a set, header and encoded picture, in the order given; in its place counts that a record cannot be read.
/// `chosen(n)` is the picture's index in the set. Kept in the ContentIndex of the set's folder for this choice. Memory does not grow with
/// the set. Throws StoppedReading. [one thread at a time]
ContentHash hash_records(const FaceRecords& set, int64_t count, const std::function<int64_t(int64_t)>& chosen,
                         const ContentRequest& request);

}  // namespace lafs::formats
