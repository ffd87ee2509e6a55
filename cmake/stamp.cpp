// The stamp of the plugins of this build: when a header of the sdk changes, this is compiled again, and of the plugins what includes it.
#include "lafs/plugin.h"

LAFS_STAMP
