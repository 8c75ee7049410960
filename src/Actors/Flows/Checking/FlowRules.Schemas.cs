namespace Actors.Flows;

public static partial class FlowRules
{
    private static FlowRule[] Schemas =>
    [
        Error(
            Rules.SchemaKeyword, "An unknown keyword in a JSON Schema",
            "The keyword is misspelt, belongs to another draft, or is none of those that are supported; it would say nothing, so it is refused. What to write instead is in the advice.",
            Output("{type: object, definitions: {line: {type: string}}}"),
            Output("{type: object, $defs: {line: {type: string}}}")),
        Error(
            Rules.SchemaValue, "A keyword of a JSON Schema has a wrong value",
            "Each keyword takes one kind of value: 'required' a list of names on the object, 'items' one schema, 'type' one of seven words or a list of them. Write the value that the message asks for.",
            Output("{type: object, properties: {line: {type: string, required: true}}}"),
            Output("{type: object, properties: {line: {type: string}}, required: [line]}")),
        Error(
            Rules.SchemaReference, "A reference of a JSON Schema leads nowhere",
            "$ref leads to a place in the same schema that holds a schema, usually #/$defs/name. Nothing is loaded from elsewhere, and a schema cannot lead to itself without going deeper into the value.",
            Output("{type: array, items: {$ref: '#/$defs/line'}}"),
            Output("{type: array, items: {$ref: '#/$defs/line'}, $defs: {line: {type: string}}}")),
        Error(
            Rules.SchemaPattern, "A pattern of a JSON Schema is no regular expression",
            "A pattern is a regular expression as ECMA-262 has it, of at most 1,000 characters. It is found anywhere in the text unless it begins with ^ and ends with $.",
            Output("{type: string, pattern: '^(EUR|USD$'}"),
            Output("{type: string, pattern: '^(EUR|USD)$'}")),
        Error(
            Rules.SchemaDefault, "A default does not fit its own schema",
            "A default stands in for an absent value and must fit the schema that it is in, like any other value.",
            Output("{type: object, properties: {count: {type: integer, minimum: 1, default: 0}}}"),
            Output("{type: object, properties: {count: {type: integer, minimum: 1, default: 1}}}")),
        Error(
            Rules.SchemaType, "The type and the schema do not agree",
            "An input has a type and a schema that allows values of other types, which could never be given. Change one of them, or leave 'type' beside the schema out.",
            Input("{name: count, type: integer, schema: {type: number, minimum: 1}}"),
            Input("{name: count, type: integer, schema: {type: integer, minimum: 1}}")),
        Error(
            Rules.SchemaTooLarge, "A JSON Schema is too large",
            "A schema may be nested 48 levels deep, hold 10,000 schemas, and look at one value with 64 schemas, one through the other. Name parts under $defs and refer to them, or say less.",
            Output(string.Concat(Enumerable.Repeat("{items: ", 48)) + "{}" + new string('}', 48)),
            Output("{$ref: '#/$defs/list', $defs: {list: {items: {$ref: '#/$defs/list'}}}}")),
        Error(
            Rules.SchemaNever, "No value fits the schema",
            "Two bounds exclude each other, or no type fits everything that is said. Change one of them.",
            Output("{type: integer, minimum: 10, maximum: 1}"),
            Output("{type: integer, minimum: 1, maximum: 10}")),
        Warning(
            Rules.SchemaUseless, "A part of a JSON Schema says nothing",
            "The keyword is about values of another type than the schema allows, a value of 'enum' has another type, or 'then' stands without 'if'. It has no effect; often another keyword is meant, such as minLength instead of minimum.",
            Output("{type: string, maximum: 10}"),
            Output("{type: string, maxLength: 10}")),
    ];

    private static string Output(string schema) => $"flow: example\nsteps:\n  - {{task: Charge, id: charge}}\noutputs:\n  - name: result\n    value: ${{charge}}\n    schema: {schema}";

    private static string Input(string declaration) =>
        $"flow: example\ninputs:\n  - {declaration}\nsteps:\n  - {{task: Charge, inputs: {{count: \"${{inputs.count}}\"}}}}";
}
