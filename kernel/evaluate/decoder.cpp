#include "kernel/evaluate/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "kernel/data/pixels.h"
#include "kernel/ranks/device.h"
#include "lafs/error.h"

namespace lafs {

namespace {

constexpr int64_t batches_in_flight = 3;

}  // namespace

std::string picture_name(const PlannedPicture& picture) {
  return fmt::format("image {} \"{}\"", picture.index, picture.source->key(picture.index));
}

Decoder::Decoder(const EmbeddingPlan& plan, const InputContract& input, int64_t batch, int64_t threads)
    : plan_(plan), input_(input), picture_bytes_(input.height * input.width * Image::channels) {
  const int64_t batches = static_cast<int64_t>(plan.batches.size());
  slots_.resize(static_cast<size_t>(std::min(batches, batches_in_flight)));
  for (Slot& slot : slots_) slot.bytes.resize(static_cast<size_t>(batch * picture_bytes_));
  for (int64_t b = 0; b < static_cast<int64_t>(slots_.size()); ++b) prepare(b);
  start_serial_threads(workers_, threads, [this](std::stop_token stop) { work(std::move(stop)); });
}

Decoder::~Decoder() {
  for (std::jthread& worker : workers_) worker.request_stop();
}

void Decoder::prepare(int64_t batch) {
  Slot& slot = slots_[static_cast<size_t>(batch) % slots_.size()];
  const int64_t pictures = static_cast<int64_t>(plan_.batches[static_cast<size_t>(batch)].pictures.size());
  slot.left = pictures;
  slot.failed_at = -1;
  slot.failure = nullptr;
  std::fill(slot.bytes.begin() + pictures * picture_bytes_, slot.bytes.end(), uint8_t{0});
}

uint8_t* Decoder::next() {
  std::unique_lock lock(mutex_);
  if (read_ > 0) {  // what was handed out before is forgotten now
    const int64_t refilled = read_ - 1 + static_cast<int64_t>(slots_.size());
    if (refilled < static_cast<int64_t>(plan_.batches.size())) prepare(refilled);
  }
  const int64_t batch = read_++;
  room_.notify_all();
  Slot& slot = slots_[static_cast<size_t>(batch) % slots_.size()];
  ready_.wait(lock, [&] { return slot.left == 0; });
  if (slot.failure) std::rethrow_exception(slot.failure);
  return slot.bytes.data();
}

bool Decoder::take(int64_t& batch, int64_t& place, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const int64_t batches = static_cast<int64_t>(plan_.batches.size());
  const auto free_slot = [&] {
    const int64_t kept_from = std::max<int64_t>(read_ - 1, 0);
    return next_batch_ >= batches || next_batch_ < kept_from + static_cast<int64_t>(slots_.size());
  };
  if (!room_.wait(lock, stop, free_slot) || next_batch_ >= batches) return false;
  batch = next_batch_;
  place = next_place_++;
  if (next_place_ == static_cast<int64_t>(plan_.batches[static_cast<size_t>(batch)].pictures.size())) {
    ++next_batch_;
    next_place_ = 0;
    if (next_batch_ >= batches) room_.notify_all();
  }
  return true;
}

void Decoder::work(std::stop_token stop) {
  int64_t batch = 0, place = 0;
  while (!stop.stop_requested() && take(batch, place, stop)) {
    Slot& slot = slots_[static_cast<size_t>(batch) % slots_.size()];
    const int64_t number = plan_.batches[static_cast<size_t>(batch)].pictures[static_cast<size_t>(place)];
    std::exception_ptr failure;
    try {
      decode(plan_.pictures[static_cast<size_t>(number)], slot.bytes.data() + place * picture_bytes_);
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    if (failure && (slot.failed_at < 0 || place < slot.failed_at)) {
      slot.failed_at = place;
      slot.failure = failure;
    }
    if (--slot.left == 0) ready_.notify_all();
  }
}

void Decoder::decode(const PlannedPicture& picture, uint8_t* to) const {
  try {
    const Image image = fitted(picture.source->get(picture.index).image, input_);
    std::memcpy(to, image.bytes.get(), static_cast<size_t>(picture_bytes_));
  } catch (const PlacedError&) {
    throw;
  } catch (const std::exception& error) {
    const std::string text = sentence_of(error);
    // A source names the item itself more often than not.
    if (text.find(picture.source->key(picture.index)) != std::string::npos) throw Error(text);
    throw Error(fmt::format("{}: {}", picture_name(picture), text));
  }
}

}  // namespace lafs
