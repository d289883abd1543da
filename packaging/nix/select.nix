# { name, root, parts } -> a folder of the store with the named files and folders of `root` alone, so that what is built of it
# is not built again when something else changes. Tests are left out, and what somebody has installed or built there.
{
  name,
  root,
  parts,
}:
builtins.path {
  inherit name;
  path = root;
  filter =
    path: _:
    let
      start = builtins.stringLength (toString root) + 1;
      place = builtins.substring start (-1) path;
      isBelow =
        folder: inner: builtins.substring 0 (builtins.stringLength folder + 1) inner == "${folder}/";
      isWanted = part: part == place || isBelow part place || isBelow place part;
    in
    builtins.any isWanted parts
    && !(builtins.elem (baseNameOf place) [ "node_modules" "dist" ])
    && builtins.match ".*\\.test\\.ts" place == null;
}
