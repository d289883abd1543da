# { pkgs, folder } -> a package for each release of a state repository, such as `release-hello-0_1_0`. What comes out is the
# release's folder, checked; `nar` of a package is the same as an archive. Packing takes Node and no npm package.
{ pkgs, folder }:
let
  inherit (pkgs) nodejs_24 runCommand;
  pack = "node ${import ./scripts.nix}/packaging/nix/pack-release.ts";

  foldersIn =
    path:
    let
      entries = if builtins.pathExists path then builtins.readDir path else { };
    in
    builtins.filter (name: entries.${name} == "directory") (builtins.attrNames entries);

  # Other names could meet in one package, or be none that Nix takes.
  isName = name: builtins.match "[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?" name != null;
  isVersion =
    version:
    builtins.match "(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?([+][0-9A-Za-z.-]+)?" version
    != null;

  makeRelease =
    name: version:
    assert
      isName name && isVersion version
      || throw "releases/${name}/${version} must be releases/NAME/VERSION, such as releases/hello/0.1.0";
    let
      title = "${name}-${version}";
      # By itself, so that no other file of the repository counts.
      source = builtins.path {
        name = title;
        path = folder + "/releases/${name}/${version}";
      };
      release = runCommand title {
        nativeBuildInputs = [ nodejs_24 ];
        passthru.nar = runCommand "${title}.nar" { nativeBuildInputs = [ nodejs_24 ]; } ''
          ${pack} ${release} ${name} ${version} $out
        '';
      } ''
        cp -R ${source} $out
        ${pack} $out ${name} ${version}
      '';
    in
    {
      name = "release-${name}-${builtins.replaceStrings [ "." ] [ "_" ] version}";
      value = release;
    };
in
builtins.listToAttrs (
  builtins.concatMap (
    name: map (makeRelease name) (foldersIn (folder + "/releases/${name}"))
  ) (foldersIn (folder + "/releases"))
)
