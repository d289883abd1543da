# { system, programs } -> packages by their names in nixpkgs. They do what theirs do, as far as Keelson's flake asks.
{ system, programs }:
let
  # busybox looks at the name it is called by.
  tools = derivation {
    name = "tools";
    inherit system;
    builder = "${programs}/bash";
    args = [
      "-euc"
      ''
        ${programs}/busybox mkdir -p $out/bin
        ${programs}/busybox cp ${programs}/busybox $out/bin/busybox
        for name in $(${programs}/busybox --list); do
          [ $name = busybox ] || ${programs}/busybox ln -s busybox $out/bin/$name
        done
        ${programs}/busybox cp ${programs}/bash $out/bin/bash
        ${programs}/busybox ln -sf bash $out/bin/sh
      ''
    ];
  };

  runCommand =
    name:
    {
      nativeBuildInputs ? [ ],
      passAsFile ? [ ],
      passthru ? { },
      ...
    }@attributes:
    script:
    derivation (
      removeAttrs attributes [
        "nativeBuildInputs"
        "passthru"
      ]
      // {
        inherit name system script;
        passAsFile = passAsFile ++ [ "script" ];
        builder = "${tools}/bin/bash";
        args = [
          "-euc"
          ''source "$scriptPath"''
        ];
        PATH = builtins.concatStringsSep ":" (map (input: "${input}/bin") (nativeBuildInputs ++ [ tools ]));
      }
    )
    // passthru
    // {
      inherit passthru;
    };
in
rec {
  inherit runCommand;

  # Node's own binary, with a loader and libraries that lie beside it.
  nodejs_24 = runCommand "nodejs" { } ''
    mkdir -p $out/bin $out/lib
    cp ${programs}/libraries/* $out/lib
    cp ${programs}/node $out/bin/node
    chmod u+w $out/bin/node
    $out/lib/loader --library-path $out/lib ${programs}/patchelf \
      --set-interpreter $out/lib/loader --set-rpath $out/lib $out/bin/node
    $out/bin/node --version
  '';

  mkShell =
    { packages }:
    runCommand "shell" { nativeBuildInputs = packages; } ''
      echo "export PATH=$PATH" >$out
    '';
}
