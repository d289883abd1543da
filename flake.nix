{
  description = "Keelson: GitOps for Docker Compose fleets";

  # The only input. docs/decisions/0038-builds-with-nix.md says why no flake.lock stands beside this file.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forEachSystem = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    in
    {
      # For the flake of a state repository: packages = keelson.lib.releasesOf ./.;
      lib.releasesOf = folder: forEachSystem (pkgs: import ./packaging/nix/releases.nix { inherit pkgs folder; });

      packages = forEachSystem (
        pkgs:
        let
          keelson = import ./packaging/nix/keelson.nix { inherit pkgs; };
        in
        {
          inherit keelson;
          agent-image = import ./packaging/nix/agent-image.nix { inherit pkgs keelson; };
          default = keelson;
        }
        // import ./packaging/nix/releases.nix {
          inherit pkgs;
          folder = ./.;
        }
      );

      nixosModules.agent = import ./packaging/nix/agent-module.nix self;

      checks = nixpkgs.lib.genAttrs systems (
        system:
        let
          packages = removeAttrs self.packages.${system} [ "default" ];
          inherit (nixpkgs.legacyPackages.${system}) runCommand;
        in
        packages
        // {
          keelson-runs = runCommand "keelson-runs" { } ''
            for program in keelson keelson-agent; do
              ${packages.keelson}/bin/$program --version >>$out
            done
          '';
        }
      );

      devShells = forEachSystem (pkgs: {
        # script/setup finds Node and npm here, and fetches everything else.
        default = pkgs.mkShell { packages = [ pkgs.nodejs_24 ]; };
      });
    };
}
