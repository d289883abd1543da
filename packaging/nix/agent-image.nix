# { pkgs, keelson } -> an archive of an image that runs the agent as the one of packaging/Dockerfile does, for `docker load`.
{ pkgs, keelson }:
let
  inherit (pkgs)
    bash
    docker-compose
    gitMinimal
    nodejs_24
    openssh
    runCommand
    util-linuxMinimal
    ;
  inherit (builtins.fromJSON (builtins.readFile ../../package.json)) version;
  sources = import ./select.nix {
    name = "keelson-make-image";
    root = ../..;
    parts = [
      "libs/store/package.json"
      "libs/store/src/folder-walk.ts"
      "package.json"
      "packaging/nix/make-image.ts"
      "script/tar.ts"
    ];
  };

  # Beside the store: programs on the path, and what they expect of every machine.
  root = runCommand "keelson-agent-root" { } ''
    mkdir -p $out/bin $out/etc $out/root $out/tmp $out/usr/local/libexec/docker/cli-plugins
    ln -s ${keelson}/bin/* ${bash}/bin/* ${gitMinimal}/bin/* ${openssh}/bin/ssh ${util-linuxMinimal}/bin/flock $out/bin
    ln -s ${docker-compose}/bin/docker-compose $out/usr/local/libexec/docker/cli-plugins
    echo 'root:x:0:0::/root:/bin/sh' >$out/etc/passwd
    echo 'root:x:0:' >$out/etc/group
  '';
in
runCommand "keelson-agent-${version}.tar"
  {
    nativeBuildInputs = [ nodejs_24 ];
    exportReferencesGraph = [
      "closure"
      root
    ];
  }
  ''
    cp -R ${root} root
    chmod -R u+w root
    mkdir -p root/nix/store
    # Lines of the graph are paths, what made them, and numbers.
    for path in $(grep '^/nix/store/.*' closure | grep -v '[.]drv$' | sort -u); do
      [ $path = ${root} ] || cp -R $path root/nix/store
    done
    node ${sources}/packaging/nix/make-image.ts root keelson-agent:${version} $out
  ''
