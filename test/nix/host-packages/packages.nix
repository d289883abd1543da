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

  libraries = runCommand "libraries" { } ''
    mkdir -p $out/lib
    cp ${programs}/libraries/* $out/lib
  '';

  # A program of the machine, which gets its loader and its libraries from the store.
  withLibraries =
    name: install:
    runCommand name { } ''
      mkdir -p $out/bin
      ${install}
      for program in $out/bin/*; do
        [ ! -L $program ] || continue
        chmod u+w $program
        ${libraries}/lib/loader --library-path ${libraries}/lib ${programs}/patchelf \
          --set-interpreter ${libraries}/lib/loader --force-rpath --set-rpath ${libraries}/lib $program
      done
    '';
in
rec {
  inherit runCommand;

  # Those that Node has.
  cacert = runCommand "cacert" { nativeBuildInputs = [ nodejs_24 ]; } ''
    mkdir -p $out/etc/ssl/certs
    node --print 'tls.rootCertificates.join("\n")' >$out/etc/ssl/certs/ca-bundle.crt
  '';

  bash = runCommand "bash" { } ''
    mkdir -p $out/bin
    cp ${programs}/bash $out/bin/bash
    ln -s bash $out/bin/sh
  '';
  nodejs_24 = withLibraries "nodejs" "cp ${programs}/node $out/bin";
  docker-compose = withLibraries "docker-compose" "cp ${programs}/docker-compose $out/bin";
  openssh = withLibraries "openssh" "cp ${programs}/ssh $out/bin";
  util-linuxMinimal = withLibraries "util-linux-minimal" "cp ${programs}/flock $out/bin";
  # A command of many names.
  gitMinimal = withLibraries "git-minimal" ''
    cp ${programs}/git $out/bin
    for name in upload-pack receive-pack upload-archive; do ln -s git $out/bin/git-$name; done
  '';

  mkShell =
    { packages }:
    runCommand "shell" { nativeBuildInputs = packages; } ''
      echo "export PATH=$PATH" >$out
    '';
}
