# What packaging/nix/agent-module.nix asks of nixpkgs' lib, with the same names and arguments. A type is the JSON Schema that
# permits the same, so that a module can be compared with a schema. Nothing is merged.
let
  inherit (builtins)
    any
    attrNames
    attrValues
    isAttrs
    isBool
    isInt
    isList
    isString
    mapAttrs
    removeAttrs
    ;
  namesWhere = isMeant: set: builtins.filter (name: isMeant set.${name}) (attrNames set);
  isOption = node: node._type or null == "option";
  isRequired = node: if isOption node then !(node ? default) else any isRequired (attrValues node);
  withoutNulls = set: removeAttrs set (namesWhere (value: value == null) set);

  filterAttrsRecursive =
    isKept: set:
    let
      gone = builtins.filter (name: !(isKept name set.${name})) (attrNames set);
      below = value: if isAttrs value then filterAttrsRecursive isKept value else value;
    in
    mapAttrs (_: below) (removeAttrs set gone);

  # Of an option, or of a set of them. Its default is what documents show.
  schemaOf =
    node:
    if isOption node then
      schemaOfType node.type
      // withoutNulls {
        default = node.defaultText or node.default or null;
        inherit (node) description;
      }
    else
      schemaOfFields node // defaultOf node;

  # A set of options is never left out: where none of them is required, it has their defaults.
  defaultOf =
    fields:
    if any isRequired (attrValues fields) then
      { }
    else
      { default = withoutNulls (mapAttrs (_: field: field.default) fields); };

  schemaOfFields = fields: {
    type = "object";
    properties = mapAttrs (_: schemaOf) fields;
    required = namesWhere isRequired fields;
    additionalProperties = false;
  };

  schemaOfType =
    type:
    if type ? nullOr then
      schemaOfType type.nullOr
    else if type ? fields then
      schemaOfFields type.fields
    else if type ? tags then
      { anyOf = map (name: schemaOfFields { ${name} = type.tags.${name}; }) (attrNames type.tags); }
    else if type ? either then
      { anyOf = map schemaOfType type.either; }
    else if type ? values then
      {
        type = "object";
        additionalProperties = schemaOfType type.values;
      }
    else if type ? items then
      type // { items = schemaOfType type.items; }
    else
      type;

  # What a configuration has: the given values, checked, and defaults for the others.
  valueOf =
    at: node: given:
    if !(isOption node) then
      valuesOf at node (given.value or { })
    else if given ? value then
      checked at node.type given.value
    else
      node.default or (throw "${at} is not set");

  valuesOf =
    at: fields: values:
    let
      unknown = attrNames (removeAttrs values (attrNames fields));
      givenOf = name: if values ? ${name} then { value = values.${name}; } else { };
    in
    if unknown != [ ] then
      throw "${at} has no option ${toString unknown}"
    else
      mapAttrs (name: field: valueOf "${at}.${name}" field (givenOf name)) fields;

  checked =
    at: type: value:
    if type ? nullOr then
      if value == null then null else checked at type.nullOr value
    else if type ? fields then
      valuesOf at type.fields value
    else if type ? tags && builtins.length (attrNames value) == 1 then
      mapAttrs (name: checked "${at}.${name}" type.tags.${name}.type) value
    else if type ? either then
      checkedEither at type.either value
    else if type ? values && isAttrs value then
      mapAttrs (name: checked "${at}.${name}" type.values) value
    else if type ? items && isList value && value != [ ] then
      map (checked at type.items) value
    else if permits type value then
      value
    else
      throw "${at} is not what its type permits";

  checkedEither =
    at: either: value:
    let
      first = checked at (builtins.elemAt either 0) value;
    in
    if (builtins.tryEval (builtins.deepSeq first true)).success then
      first
    else
      checked at (builtins.elemAt either 1) value;

  permits =
    type: value:
    {
      any = true;
      boolean = isBool value;
      array = value == [ ] && !(type ? minItems);
      integer = isInt value && type.minimum <= value && value <= type.maximum;
      string =
        isString value
        && (type ? minLength -> value != "")
        && (type ? pattern -> builtins.match type.pattern value != null)
        && (type ? enum -> builtins.elem value type.enum);
    }
    .${type.type or ""} or false;
in
{
  inherit any filterAttrsRecursive schemaOf valuesOf;

  mkOption = option: option // { _type = "option"; };
  mkEnableOption = what: {
    _type = "option";
    type.type = "any";
    default = false;
    description = "Whether to enable ${what}.";
  };
  mkIf = condition: config: if condition then config else { };
  literalMD = text: text;
  hasPrefix = prefix: text: builtins.substring 0 (builtins.stringLength prefix) text == prefix;

  types = {
    nonEmptyStr = {
      type = "string";
      minLength = 1;
    };
    strMatching = pattern: {
      type = "string";
      inherit pattern;
    };
    enum = values: {
      type = "string";
      enum = values;
    };
    ints.between = minimum: maximum: {
      type = "integer";
      inherit minimum maximum;
    };
    nonEmptyListOf = items: {
      type = "array";
      minItems = 1;
      inherit items;
    };
    listOf = items: {
      type = "array";
      inherit items;
    };
    attrsOf = values: { inherit values; };
    either = first: second: {
      either = [
        first
        second
      ];
    };
    bool.type = "boolean";
    nullOr = type: { nullOr = type; };
    submodule = { options }: { fields = options; };
    attrTag = tags: { inherit tags; };
    package.type = "any";
    path.type = "any";
  };
}
