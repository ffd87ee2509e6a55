#include "runner/tools/data/pack.h"

#include <cstdio>

#include <fmt/format.h>

#include "kernel/run/interrupt.h"
#include "lafs/encoded_of.h"
#include "runner/report/progress.h"
#include "runner/report/say.h"
#include "runner/tools/data/style.h"

namespace lafs {

bool pack_source(const OpenSource& open, const PackOptions& options, bool quiet) {
  for (const std::string& note : open.notes) say("{}\n", note);
  catch_interrupts();
  PackResult result;
  try {
    PictureProgress progress(quiet, 0, open.source->size());
    result = pack(*open.source, options, [&](int64_t finished) {
      progress.show(finished);
      return !interrupted();
    });
  } catch (const Error& error) {
    if (!interrupted()) throw;
    say("lafs: {}\n", error.what());
    return false;
  }
  if (result.style != options.style) say("range style cannot hold so many keys: the set was written in plain style\n");
  if (options.format == "keep" && encoded_of(*open.source) && result.copied < result.pictures)
    say("pictures that are neither JPEG nor PNG were encoded as JPEG: {}\n", result.pictures - result.copied);
  if (result.sizes.size() > 1) say("pictures have {} different sizes; the property file names the commonest\n", result.sizes.size());
  fmt::print("{} pictures of {} identities in {}, {} style, {} copied without loss, {} bytes\n", result.pictures, open.source->identities(),
             options.out.string(), style_text(result.style == formats::FaceWriter::Style::range), result.copied, result.bytes);
  return true;
}

}  // namespace lafs
