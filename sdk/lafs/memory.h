#pragma once
#include <cstdint>
#include <string>

namespace lafs {

/// The most bytes of memory that this process can have: what the machine has with its swap space, or the limit of its container or of
/// `ulimit -v`, whichever is least. [any thread]
uint64_t memory_limit();

/// A number of bytes for people, in powers of ten: "512 bytes", "34.4 GB". [any thread]
std::string bytes_text(double bytes);

/// Throws Error `WHAT needs 34.4 GB of memory, and this machine has 23.5 GB` where that is so. For sizes that come out of a file or a
/// recipe, before the memory is asked for: the system would grant it and stop the program later. `bytes` is a double because the product of
/// sizes may exceed 64 bits. [any thread]
void check_memory(double bytes, const std::string& what);

}  // namespace lafs
