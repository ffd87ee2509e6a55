"""Runs of a few steps, whose networks python_test.py exports: every backbone with a class, under every value of its quirks."""

RECIPE = """[run]
seed = 5
epochs = 1
steps = 3
batch = 8
threads = 1
loader_threads = 1
device = "cpu"
evaluate_every = 0

[input]
{input}

[data_source]
use = "synthetic_faces"
identities = 6
per_identity = 4
size = 32

[augmentation]
use = "face_supervised"

[backbone]
{backbone}

[head]
use = "cosface"

[objective]
use = "identification"

[optimizer]
use = "adamw"
lr = 1e-2
"""

SQUARE = "height = 32\nwidth = 32\n"
FVIT = 'use = "fvit"\ndim = 24\ndepth = 2\nheads = 3\ndim_head = 10\nmlp_dim = 40\n'
PART = FVIT.replace('"fvit"', '"part_fvit"') + "landmark_span = 31\n"
VIT = 'use = "vit"\nsize = "custom"\ndim = 24\ndepth = 2\nheads = 3\npatch = 8\n'
RESNET = 'use = "iresnet"\ndepth = 18\n'

# Name, [backbone], [input], and values of options that must change the embeddings when they stand in config.json instead.
CASES = [
    ("fvit", FVIT, SQUARE, {"attention_scale": "head", "pool": "mean"}),
    ("fvit, corrected", FVIT + 'attention_scale = "head"\npool = "mean"\ndrop_path_schedule = "linear"\ntoken_init = "normal_0.02"\n',
     SQUARE + 'preset = "dino_face"\n', {"attention_scale": "width", "pool": "cls"}),
    ("fvit, more rows and a class matrix", FVIT + "num_patches = 30\nclass_head = 7\npatch = 8\n",
     'height = 40\nwidth = 48\ncolour = "bgr"\nflip = "none"\ninterpolation = "bicubic"\n', {}),
    ("part_fvit", PART, SQUARE, {"patch_layout": "plain", "patch_centre": "symmetric", "landmark_scaling": "axis", "landmark_span": 20}),
    ("part_fvit, corrected", PART + 'patch_layout = "plain"\npatch_centre = "symmetric"\nlandmark_scaling = "axis"\nlandmarks = 9\n',
     SQUARE + 'interpolation = "bicubic"\n', {"patch_layout": "transposed", "patch_centre": "shifted", "landmark_scaling": "joint"}),
    ("part_fvit, on a grid", PART + 'landmark_source = "grid"\npatch_centre = "symmetric"\n', SQUARE, {"patch_centre": "shifted"}),
    ("part_fvit, frozen landmarks", PART + "freeze_landmarks = true\npatch = 5\nlandmarks = 20\nnum_patches = 20\n", SQUARE, {}),
    ("vit", VIT, SQUARE, {"position_offset": 0.9, "eps": 0.1}),
    ("vit, table of the input's size", VIT + "img_size = 0\nqkv_bias = false\neps = 1e-3\n", SQUARE, {}),
    ("vit, not square", VIT + "img_size = 32\nposition_offset = 0\nmlp_ratio = 1.5\n",
     'height = 48\nwidth = 32\nmean = [0.1, 0.2, 0.3]\nstd = [0.4, 0.5, 0.6]\npreset = "custom"\n', {"position_offset": 0.5}),
    ("vit, tiny", 'use = "vit"\nsize = "tiny"\n', SQUARE, {}),
    ("iresnet", RESNET, SQUARE, {"eps": 1e-2}),
    ("iresnet, flatten", RESNET + 'tail = "flatten"\nfeatures = 48\n', SQUARE + 'preset = "published_eval"\n', {}),
    ("iresnet, names of insightface", RESNET + 'tail = "flatten"\nfeatures = 32\nlinear = "fc"\n', "height = 40\nwidth = 32\n", {}),
]

FORMATS = "fvit", "part_fvit", "vit", "iresnet"  # cases that are also written as TorchScript and ONNX

EVALUATOR = """
[[evaluator]]
use = "verification"
genuine = 20
impostor = 20
folds = 2

[evaluator.data]
use = "synthetic_faces"
first_identity = 1000
identities = 6
per_identity = 4
size = 32
"""
