# The attributes of nixpkgs that Keelson's flake uses, and no other, made of the programs that script/setup --tests has
# fetched: it puts this file and them into .keelson/nix/packages. So everything builds where no network is:
#   nix build --override-input nixpkgs path:.keelson/nix/packages .#keelson
{
  outputs =
    { self }:
    let
      genAttrs =
        names: make:
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = make name;
          }) names
        );
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
    in
    {
      lib = { inherit genAttrs; };
      legacyPackages = genAttrs systems (
        system:
        import ./packages.nix {
          inherit system;
          programs = "${self}/programs";
        }
      );
    };
}
