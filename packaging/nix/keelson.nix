# { pkgs } -> the programs keelson and keelson-agent, made of this checkout and of the npm packages that packages.json names.
# That file has the sha512 sums of pnpm-lock.yaml, so a package is either the locked one or refused.
{ pkgs }:
let
  inherit (pkgs) cacert nodejs_24 runCommand;
  locked = builtins.fromJSON (builtins.readFile ./packages.json);
  version = (builtins.fromJSON (builtins.readFile ../../package.json)).version;
  cpu =
    {
      x86_64-linux = "x64";
      aarch64-linux = "arm64";
    }
    .${nodejs_24.system};
  packages = builtins.filter (package: package.cpu or cpu == cpu) locked.packages;

  certificates = "${cacert}/etc/ssl/certs/ca-bundle.crt";

  # The archive that npm fetches from the registry that it is set to (NPM_CONFIG_REGISTRY, else its own). Where no network is,
  # script/nix-add-packages adds it to the store beforehand: name and sum say where it lies there.
  archiveOf =
    {
      name,
      version,
      hash,
      ...
    }:
    runCommand "${builtins.replaceStrings [ "@" "/" ] [ "" "-" ] name}-${version}.tgz"
      {
        outputHash = hash;
        outputHashAlgo = "sha512";
        outputHashMode = "flat";
        nativeBuildInputs = [ nodejs_24 ];
        # Node of nixpkgs has no certificates of its own, and looks for some in this order.
        NIX_SSL_CERT_FILE = certificates;
        SSL_CERT_FILE = certificates;
        impureEnvVars = [
          "NPM_CONFIG_REGISTRY"
          "http_proxy"
          "https_proxy"
          "no_proxy"
        ];
      }
      ''
        export HOME=$PWD
        npm pack --loglevel=error --no-update-notifier ${name}@${version} >archive-name
        mv "$(cat archive-name)" $out
      '';

  sources = import ./select.nix {
    name = "keelson-sources";
    root = ../..;
    parts = [
      "LICENSE"
      "apps"
      "docs/errors.md"
      "libs"
      "package.json"
      "packaging"
      "tsconfig.base.json"
      "tsconfig.json"
    ];
  };
in
runCommand "keelson-${version}"
  {
    nativeBuildInputs = [ nodejs_24 ];
    layout = builtins.toJSON (
      locked
      // {
        packages = map (package: package // { archive = "${archiveOf package}"; }) packages;
      }
    );
    passAsFile = [ "layout" ];
  }
  ''
    cp -R ${sources} keelson
    chmod -R u+w keelson
    cd keelson
    node packaging/nix/lay-out-packages.ts "$layoutPath"
    node packaging/nix/make-keelson.ts $out
  ''
