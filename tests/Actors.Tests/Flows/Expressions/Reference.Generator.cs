namespace Actors.Tests.Flows;

/// <summary>Thinks up expressions that mostly mean something: by the kind of value that is wanted, now and then something else.</summary>
internal sealed class ExpressionGenerator(Random random)
{
    public const string Data = """
        {"n":3,"m":-2,"z":0,"s":"abc","d":"10","e":"","q":"it's \\ \"x\"","t":true,"f":false,"u":null,"l":[3,1,2],"w":["b","a","b"],"h":[],
         "r":[{"k":"x","v":2},{"k":"y","v":5},{"k":"x","v":1}],"o":{"k":"q","v":4,"in":{"k":1,"v":[7]}},"mix":[1,"2",null,true,[1],{"k":1}]}
        """;

    private static readonly string[] All = ["n", "m", "z", "s", "d", "e", "q", "t", "f", "u", "l", "w", "h", "r", "o", "mix", "zz"];

    private readonly List<(string Name, Kind Kind)> _variables = [];
    private int _named;

    public enum Kind
    {
        Number,
        Text,
        Bool,
        Numbers,
        Texts,
        Records,
        Record,
    }

    public Node Next() => Next((Kind)random.Next(7), random.Next(1, 6));

    private Node Next(Kind kind, int depth)
    {
        if (random.Next(25) == 0)
        {
            return Input(All[random.Next(All.Length)]);
        }

        if (depth <= 0)
        {
            return Leaf(kind);
        }

        int less = depth - 1;
        Node Of(Kind wanted) => Next(wanted, less);
        Kind Some() => (Kind)random.Next(7);
        switch (random.Next(12))
        {
            case 0:
                return new Node("?:", null, Of(Kind.Bool), Of(kind), Of(kind));
            case 1:
                return new Node("??", null, random.Next(2) == 0 ? Input(Pick("u", "zz")) : Of(kind), Of(kind));
            case 2:
                return random.Next(2) == 0 ? Call("default", Of(kind), Of(kind)) : Call("coalesce", Input(Pick("u", "zz", "o")), Of(kind));
        }

        return kind switch
        {
            Kind.Number => random.Next(14) switch
            {
                0 or 1 or 2 => new Node(Pick("+", "-", "*", "/", "%"), null, Of(Kind.Number), Of(Kind.Number)),
                3 => new Node("neg", null, Of(Kind.Number)),
                4 => Call("length", Of(Pick(Kind.Text, Kind.Numbers, Kind.Records, Kind.Record))),
                5 => Call("sum", Of(Kind.Numbers)),
                6 => Call("sum", Of(Kind.Records), Lambda(less, Kind.Number, Kind.Record)),
                7 => Call(Pick("round", "floor", "abs"), Of(Kind.Number)),
                8 => random.Next(2) == 0 ? Call(Pick("min", "max"), Of(Kind.Numbers)) : Call(Pick("min", "max"), Of(Kind.Number), Of(Kind.Number)),
                9 => new Node(Pick("index", "?index"), null, Of(Kind.Numbers), Leaf(Kind.Number)),
                10 => new Node(Pick("field:v", "?field:v"), null, Of(Kind.Record)),
                11 => Call("count", Of(Kind.Numbers), Lambda(less, Kind.Bool, Kind.Number)),
                12 => Call("index_of", Of(Kind.Texts), Of(Kind.Text)),
                _ => Call("reduce", Of(Kind.Numbers), Of(Kind.Number), Lambda(less, Kind.Number, Kind.Number, Kind.Number)),
            },
            Kind.Text => random.Next(7) switch
            {
                0 or 1 => new Node("+", null, Of(Kind.Text), Of(Kind.Text)),
                2 => Call("join", random.Next(2) == 0 ? [Of(Kind.Texts)] : [Of(Kind.Numbers), Of(Kind.Text)]),
                3 => Call("upper", Of(Kind.Text)),
                4 => Call(Pick("text", "type"), Of(Some())),
                5 => new Node("slice", null, Of(Kind.Text), Bound(), Bound()),
                _ => new Node(Pick("field:k", "?field:k"), null, Of(Kind.Record)),
            },
            Kind.Bool => random.Next(11) switch
            {
                0 => new Node(Pick("or", "and"), null, Of(Some()), Of(Kind.Bool)),
                1 => new Node(Pick("or", "and"), null, Of(Kind.Bool), Of(Some())),
                2 => new Node(Pick("not", "!"), null, Of(Some())),
                3 or 4 => new Node(Pick("<", "<=", ">", ">=", "==", "!="), null, Of(Kind.Number), Of(Kind.Number)),
                5 => new Node(Pick("<", ">=", "==", "!="), null, Of(Kind.Text), Of(Kind.Text)),
                6 => Equal(Some(), less),
                7 => new Node(Pick("==", "!="), null, Of(Some()), new Node("literal", null)),
                8 => new Node(Pick("in", "not in"), null, Of(Kind.Text), Of(Pick(Kind.Texts, Kind.Record, Kind.Text))),
                9 => Call("contains", Of(Kind.Numbers), Of(Kind.Number)),
                _ => Call(Pick("any", "all"), Of(Kind.Records), Lambda(less, Kind.Bool, Kind.Record)),
            },
            Kind.Numbers => random.Next(9) switch
            {
                0 => new Node("..", null, new Node("literal", (decimal)random.Next(5)), Input(Pick("n", "m", "z", "d"))),
                1 => Call("map", Of(Kind.Numbers), Lambda(less, Kind.Number, Kind.Number)),
                2 => Call("map", Of(Kind.Records), Lambda(less, Kind.Number, Kind.Record)),
                3 => Call("filter", Of(Kind.Numbers), Lambda(less, Kind.Bool, Kind.Number)),
                4 => Call("sort", Of(Kind.Numbers)),
                5 => Call("concat", Of(Kind.Numbers), Of(Kind.Numbers)),
                6 => Call(Pick("unique", "reverse"), Of(Kind.Numbers)),
                7 => new Node("slice", null, Of(Kind.Numbers), Bound(), Bound()),
                _ => new Node("list", null, Of(Kind.Number), Of(Kind.Number), Of(Kind.Number)),
            },
            Kind.Texts => random.Next(5) switch
            {
                0 => Call("keys", Of(Kind.Record)),
                1 => Call("map", Of(Kind.Records), Lambda(less, Kind.Text, Kind.Record)),
                2 => Call(Pick("sort", "unique", "reverse"), Of(Kind.Texts)),
                3 => Call("filter", Of(Kind.Texts), Lambda(less, Kind.Bool, Kind.Text)),
                _ => new Node("list", null, Of(Kind.Text), Of(Kind.Text)),
            },
            Kind.Records => random.Next(5) switch
            {
                0 => Call("filter", Of(Kind.Records), Lambda(less, Kind.Bool, Kind.Record)),
                1 => Call("sort", Of(Kind.Records), Lambda(less, Pick(Kind.Number, Kind.Text, Kind.Bool), Kind.Record)),
                2 => Call(Pick("unique", "reverse"), Of(Kind.Records)),
                3 => Call("concat", Of(Kind.Records), Of(Kind.Records)),
                _ => Call("map", Of(Kind.Numbers), Lambda(less, Kind.Record, Kind.Number)),
            },
            _ => random.Next(5) switch
            {
                0 => Call("merge", Of(Kind.Record), Of(Kind.Record)),
                1 => Call(Pick("first", "last"), Of(Kind.Records)),
                2 => Call("find", Of(Kind.Records), Lambda(less, Kind.Bool, Kind.Record)),
                3 => new Node("?index", null, Of(Kind.Records), Leaf(Kind.Number)),
                _ => new Node("object", (string[])["k", "v"], Of(Kind.Text), Of(Kind.Number)),
            },
        };
    }

    private Node Leaf(Kind kind)
    {
        (string Name, Kind Kind)[] fitting = [.. _variables.Where(v => v.Kind == kind)];
        if (fitting.Length > 0 && random.Next(3) > 0)
        {
            return new Node("name", fitting[random.Next(fitting.Length)].Name);
        }

        bool literal = random.Next(2) == 0;
        return kind switch
        {
            Kind.Number => literal ? new Node("literal", (decimal)random.Next(-3, 10)) : Input(Pick("n", "m", "z", "n", "d")),
            Kind.Text => literal ? new Node("literal", Pick("", "abc", "10", "q' \"\\", "ä", " 7 ", "${x}", "}")) : Input(Pick("s", "d", "e", "q")),
            Kind.Bool => literal ? new Node("literal", random.Next(2) == 0) : Input(Pick("t", "f")),
            Kind.Numbers => literal ? new Node("list", null, new Node("literal", 4m), new Node("literal", (decimal)random.Next(9))) : Input(Pick("l", "l", "h", "mix")),
            Kind.Texts => Input(Pick("w", "w", "h", "l")),
            Kind.Records => Input(Pick("r", "r", "r", "h")),
            _ => literal ? new Node("object", (string[])["k", "v"], new Node("literal", "x"), new Node("literal", 2m)) : Input("o"),
        };
    }

    private Node Equal(Kind kind, int depth) => new(Pick("==", "!="), null, Next(kind, depth), Next(kind, depth));

    private Node Bound() => random.Next(3) == 0 ? new Node("literal", null) : Leaf(Kind.Number);

    private static Node Input(string name) => new("name", "inputs." + name);

    private static Node Call(string function, params Node[] arguments) => new("call:" + function, null, arguments);

    // Now and then with the index, which `reduce` gives after the item.
    private Node Lambda(int depth, Kind result, params Kind[] kinds)
    {
        if (random.Next(3) == 0)
        {
            kinds = [.. kinds, Kind.Number];
        }

        string[] variables = Array.ConvertAll(kinds, _ => "x" + _named++);
        _variables.AddRange(variables.Zip(kinds));
        Node body = Next(result, depth);
        _variables.RemoveRange(_variables.Count - variables.Length, variables.Length);
        return new Node("lambda", variables, body);
    }

    private T Pick<T>(params T[] ways) => ways[random.Next(ways.Length)];
}
