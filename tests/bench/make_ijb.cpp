// Writes a set like IJB-C of any size, out of drawn faces or out of any other source with landmarks:
//   ninja lafs_make_ijb && bin/lafs_make_ijb /tmp/IJBC --people 50
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "imaging/ijb_set.h"
#include "support/bare_assembly.h"
#include "support/front_door.h"

int main(int argc, char** argv) {
  std::filesystem::path root;
  int64_t people = 20, first = 0;
  double difficulty = 0.5;
  lafs::imaging::IjbSetOptions options;
  CLI::App app("writes a set like IJB-C of drawn faces");
  app.add_option("root", root, "new folder, best called IJBC")->required();
  app.add_option("--people", people, "number of people")->check(CLI::Range(2, 1000000));
  app.add_option("--first", first, "number of the first person");
  app.add_option("--difficulty", difficulty, "of the drawn faces")->check(CLI::Range(0.0, 1.0));
  app.add_option("--probes", options.probes, "templates of a person beside the gallery's")->check(CLI::Range(1, 1000));
  app.add_option("--media", options.media, "of a template")->check(CLI::Range(1, 1000));
  app.add_option("--frames", options.frames, "of a video")->check(CLI::Range(1, 1000));
  app.add_option("--impostors", options.impostors, "comparisons with other people for each probe")->check(CLI::Range(0, 1000000));
  app.add_option("--size", options.size, "rows and columns of a loose crop")->check(CLI::Range(32, 2048));
  app.add_option("--seed", options.seed, "of everything drawn");
  CLI11_PARSE(app, argc, argv);
  try {
    const int64_t pictures = (options.probes + 1) * options.media * options.frames;
    lafs::test::BareAssembly assembly;
    const auto source = lafs::test::make<lafs::DataSource>(
        "synthetic_faces",
        fmt::format("identities = {}\nper_identity = {}\nfirst_identity = {}\nseed = {}\nsize = 160\ndifficulty = {}", people, pictures,
                    first, options.seed, difficulty),
        static_cast<lafs::Assembly&>(assembly));
    const lafs::imaging::IjbSet set(*source, root, options);
    set.write();
    fmt::print("{} pictures, {} templates in {}\n", set.rows().size(), people * (options.probes + 1), root.string());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
