# What builds run on Node where no npm package is installed, with all that it imports.
import ./select.nix {
  name = "keelson-scripts";
  root = ../..;
  parts = [
    "libs/nar/package.json"
    "libs/nar/src"
    "libs/store/package.json"
    "libs/store/src/folder-error.ts"
    "libs/store/src/folder-walk.ts"
    "package.json"
    "packaging/nix/make-image.ts"
    "packaging/nix/pack-release.ts"
    "packaging/nix/release-name.ts"
    "script/tar.ts"
  ];
}
