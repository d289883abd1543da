# { pkgs, keelson } -> an archive of an image that runs the agent as the one of packaging/Dockerfile does, for `docker load`.
{ pkgs, keelson }:
let
  inherit (pkgs)
    bash
    cacert
    docker-compose
    gitMinimal
    nodejs_24
    openssh
    runCommand
    util-linuxMinimal
    ;
  inherit (builtins.fromJSON (builtins.readFile ../../package.json)) version;
  # Beside the store: programs on the path, and what they expect of every machine.
  root = runCommand "keelson-agent-root" { } ''
    mkdir -p $out/bin $out/etc/ssl/certs $out/root $out/tmp $out/usr/local/libexec/docker/cli-plugins
    ln -s ${keelson}/bin/* ${bash}/bin/* ${gitMinimal}/bin/* ${openssh}/bin/ssh ${util-linuxMinimal}/bin/flock $out/bin
    # Node of nixpkgs has no certificates of its own.
    ln -s ${cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/ssl/certs
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
    node ${import ./scripts.nix}/packaging/nix/make-image.ts root keelson-agent:${version} $out
  ''
