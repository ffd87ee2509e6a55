#include <memory>
#include <utility>

#include "imaging/decode.h"

namespace lafs::imaging {

// Apart from the decoders, so that what only makes pictures links none of their libraries.
Image image_of(int64_t height, int64_t width, std::vector<uint8_t> bytes) {
  auto owner = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  const uint8_t* data = owner->data();
  return {height, width, std::shared_ptr<const uint8_t>(std::move(owner), data)};
}

}  // namespace lafs::imaging
