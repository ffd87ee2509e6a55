#include "kernel/data/sampler.h"

#include <fmt/format.h>

#include "kernel/data/epochs.h"
#include "lafs/error.h"
#include "lafs/rng.h"

namespace lafs {

namespace {

constexpr uint64_t order_key = key_of("epoch order"), augment_key = key_of("augmentation");

}  // namespace

Sampler::Sampler(uint64_t seed, int64_t images, int64_t batch, const Place& place)
    : seed_(seed),
      images_(images),
      batch_(batch),
      per_epoch_(whole_batches(images, batch)),
      rank_(place.rank()),
      rows_(batch / place.world()) {
  if (place.world() > 1 && batch % (2 * place.world()) != 0)
    throw Error(fmt::format("[run] batch = {} is not a multiple of twice the {} processes of the run", batch, place.world()));
}

int64_t Sampler::position(int64_t micro, int64_t row) const {
  const int64_t half = rows_ / 2, front = rank_ * half;
  const int64_t of_batch = row < half ? front + row : batch_ - front - (rows_ - row);
  return micro % per_epoch_ * batch_ + of_batch;
}

int64_t Sampler::index(int64_t micro, int64_t row) const {
  const auto epoch = static_cast<uint64_t>(epoch_of(micro));
  return Permutation(images_, fold(fold(seed_, order_key), epoch))(position(micro, row));
}

uint64_t Sampler::augmentation_key(int64_t micro, int64_t row) const {
  const auto epoch = static_cast<uint64_t>(epoch_of(micro));
  return fold(fold(fold(seed_, augment_key), epoch), static_cast<uint64_t>(position(micro, row)));
}

}  // namespace lafs
