namespace Actors.Flows;

/// <summary>One schema, compiled. Filled by <see cref="SchemaReader"/> and never changed afterwards.</summary>
internal sealed class SchemaNode
{
    /// <summary>The schema as JSON, its parts included.</summary>
    public Value Source { get; set; }

    /// <summary>True and false of boolean schemas; null for all others.</summary>
    public bool? Always { get; set; }

    public SchemaTypes Types { get; set; } = SchemaTypes.Any;

    /// <summary>The types that a value can have by everything that is said; known once all is read.</summary>
    public SchemaTypes PossibleTypes { get; set; } = SchemaTypes.Any;

    public Value[]? Enum { get; set; }
    public HashSet<Value>? EnumSet { get; set; }
    public Value? Const { get; set; }

    public Value? MultipleOf { get; set; }
    public Value? Minimum { get; set; }
    public Value? Maximum { get; set; }
    public Value? ExclusiveMinimum { get; set; }
    public Value? ExclusiveMaximum { get; set; }

    public int? MinLength { get; set; }
    public int? MaxLength { get; set; }
    public SchemaPattern? Pattern { get; set; }
    public SchemaFormat? Format { get; set; }

    /// <summary>In the order of the schema.</summary>
    public KeyValuePair<string, SchemaNode>[] Properties { get; set; } = [];
    public Dictionary<string, SchemaNode>? PropertyIndex { get; set; }
    public string[] Required { get; set; } = [];
    public SchemaNode? AdditionalProperties { get; set; }
    public (SchemaPattern Pattern, SchemaNode Node)[] PatternProperties { get; set; } = [];
    public SchemaNode? PropertyNames { get; set; }
    public int? MinProperties { get; set; }
    public int? MaxProperties { get; set; }
    public KeyValuePair<string, string[]>[] DependentRequired { get; set; } = [];

    public SchemaNode? Items { get; set; }
    public SchemaNode[] PrefixItems { get; set; } = [];
    public SchemaNode? Contains { get; set; }
    public int? MinItems { get; set; }
    public int? MaxItems { get; set; }
    public bool UniqueItems { get; set; }

    /// <summary>What <c>$ref</c> leads to.</summary>
    public SchemaNode? Reference { get; set; }
    public SchemaNode[] AllOf { get; set; } = [];
    public SchemaNode[] AnyOf { get; set; } = [];
    public SchemaNode[] OneOf { get; set; } = [];
    public SchemaNode? Not { get; set; }
    public SchemaNode? If { get; set; }
    public SchemaNode? Then { get; set; }
    public SchemaNode? Else { get; set; }

    public Value? Default { get; set; }
    public string? Title { get; set; }
    public string? Description { get; set; }

    /// <summary>The schemas that look at the same value as this one.</summary>
    public IEnumerable<SchemaNode> InPlace()
    {
        IEnumerable<SchemaNode?> single = [Reference, Not, If, Then, Else];
        return single.OfType<SchemaNode>().Concat(AllOf).Concat(AnyOf).Concat(OneOf);
    }

    /// <summary>The default: its own, else that of the schema it refers to; null when there is none.</summary>
    public Value? FindDefault()
    {
        SchemaNode? node = this;
        while (node is not null && node.Default is null)
        {
            node = node.Reference;
        }

        return node?.Default;
    }
}
