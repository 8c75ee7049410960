namespace Actors.Flows;

/// <summary>Names and the paths that begin with them.</summary>
internal sealed partial class ExpressionParser
{
    private Expression ParsePath()
    {
        SkipSpace();
        int start = _at;
        Expression target = ParsePrimary(out Name? root);
        StaticType type = target.Type;
        List<Segment> segments = [];
        // Behind `?.` the path may end with null; elsewhere what has no such part fails.
        bool mayEnd = false;
        while (true)
        {
            bool optional = Peek() == '?' && (Peek(1) is '.' or '[');
            char c = Peek(optional ? 1 : 0);
            int at = _at;
            if (c == '.' && (optional || Peek(1) != '.'))
            {
                _at += optional ? 2 : 1;
                if (optional && Peek() == '[')
                {
                    segments.Add(ParseIndex(optional, ref type));
                    (mayEnd, type) = (true, type.OrNull());
                    continue;
                }

                at = _at;
                string field = segments.Count == 0 && root is { Fields: not null } ? TakeKnown(root.Fields.Contains) : TakeIdentifier();
                if (segments.Count == 0 && root?.Kind == NameKind.Inputs && root.Fields?.Contains(field) == false && _names.Find(field) is { Kind: NameKind.Loop } loop)
                {
                    // `inputs.item` without such an input is the loop's variable.
                    (target, root, type) = (new VariableExpression(field, loop.ValueType), loop, loop.ValueType);
                    continue;
                }

                CheckField(root, segments.Count, field, at, optional);
                if (optional && segments.Count == 0)
                {
                    Used.RemoveAll(name => name == root);
                }

                segments.Add(new Segment(field, null, optional));
                type = TypeOfField(type, field, at, optional);
            }
            else if (c == '[')
            {
                _at += optional ? 1 : 0;
                segments.Add(ParseIndex(optional, ref type));
            }
            else
            {
                break;
            }

            mayEnd |= optional;
            type = mayEnd ? type.OrNull() : type;
            if (segments.Count > Expression.HeightMax)
            {
                throw Fault($"the path has more than {Expression.HeightMax} parts", start);
            }
        }

        return segments.Count == 0 ? target : Checked(new AccessExpression(target, [.. segments], type));
    }

    private Segment ParseIndex(bool optional, ref StaticType type)
    {
        int at = _at++;
        _brackets++;
        SkipSpace();
        Expression? index = Peek() == ':' ? null : ParseExpression();
        bool isSlice = TryTake(':');
        SkipSpace();
        Expression? end = isSlice && Peek() != ']' ? ParseExpression() : null;
        _brackets--;
        if (!TryTake(']'))
        {
            throw Unexpected("']'");
        }

        type = isSlice ? TypeOfSlice(type, index, end, at, optional) : TypeOfItem(type, index!, at, optional);
        return new Segment(null, index, optional, isSlice, end);
    }

    private StaticType TypeOfField(StaticType type, string field, int at, bool optional)
    {
        if (!type.May(TypeKinds.Object))
        {
            bool isLength = field == "length" && type.May(TypeKinds.List | TypeKinds.Text);
            if (!isLength && !optional && type.Kinds != TypeKinds.Null)
            {
                Doubt(Rules.ImpossiblePath, $"{type.Name} has no field '{Text.Shorten(field, 100)}'", at);
            }

            return isLength ? StaticType.Number : StaticType.Any;
        }

        return TypeOfMember(type, field, at, optional, isLength: field == "length");
    }

    /// <param name="isLength">True: of a list or a text it is the length.</param>
    private StaticType TypeOfMember(StaticType type, string field, int at, bool optional, bool isLength)
    {
        if (type.Fields?.TryGetValue(field, out StaticType? known) == true)
        {
            return isLength && type.May(TypeKinds.List | TypeKinds.Text) ? known.Or(StaticType.Number) : known;
        }

        if (type is { IsClosed: true, Fields: { } fields } && type.IsOnly(TypeKinds.Object | TypeKinds.Null) && !optional)
        {
            string? near = Text.Nearest(field, fields.Keys);
            string suggestion = near is not null ? $"Did you mean '{near}'?" : fields.Count == 0 ? "It has none." : $"It has {Names.List(fields.Keys)}.";
            Doubt(Rules.UnknownField, $"the object has no field '{Text.Shorten(field, 100)}'", at, suggestion);
        }

        return StaticType.Any;
    }

    private StaticType TypeOfItem(StaticType type, Expression index, int at, bool optional)
    {
        bool mayBeList = type.May(TypeKinds.List) && index.Type.May(TypeKinds.Number);
        bool mayBeObject = type.May(TypeKinds.Object) && index.Type.May(TypeKinds.Text);
        if (!mayBeList && !mayBeObject && !optional && type.Kinds != TypeKinds.Null)
        {
            string? hint = type.IsOnly(TypeKinds.Text | TypeKinds.Null) ? "A part of a text is a slice, e.g. [0:1]." : null;
            Doubt(Rules.ImpossiblePath, $"{type.Name} has no item at {index.Type.Name}", at, hint);
        }

        return mayBeList && !mayBeObject ? type.Item
            : !mayBeList && mayBeObject && index.Type.Constant.AsText is { } name ? TypeOfMember(type, name, at, optional, isLength: false)
            : StaticType.Any;
    }

    private StaticType TypeOfSlice(StaticType type, Expression? start, Expression? end, int at, bool optional)
    {
        foreach (Expression? bound in (ReadOnlySpan<Expression?>)[start, end])
        {
            if (bound is not null && !bound.Type.May(TypeKinds.Null) && !bound.Type.MayBeNumber)
            {
                throw new ExpressionSyntaxException(Rules.WrongOperand, $"a slice needs whole numbers, but has {bound.Type.Name}", at);
            }
        }

        if (!type.May(TypeKinds.List | TypeKinds.Text))
        {
            if (!optional && type.Kinds != TypeKinds.Null)
            {
                Doubt(Rules.ImpossiblePath, $"{type.Name} has no slices", at);
            }

            return StaticType.Any;
        }

        return type.May(TypeKinds.Text) ? StaticType.Of(type.Kinds & (TypeKinds.List | TypeKinds.Text)) : StaticType.ListOf(type.Item);
    }

    private void Doubt(string rule, string message, int at, string? suggestion = null) => _doubts.Add(new ExpressionSyntaxException(rule, message, at, suggestion));

    private void CheckField(Name? root, int position, string field, int at, bool optional)
    {
        if (root?.Fields is null || position > 0 || optional || root.Fields.Contains(field) || field == "length" && root.Kind == NameKind.Loop)
        {
            return;
        }

        string? near = Text.Nearest(field, root.Fields);
        string known = root.Fields.Count == 0 ? "it has none" : $"Known: {Names.List(root.Fields)}.";
        string suggestion = near is not null ? $"Did you mean '{near}'?" : known;
        string name = Text.Shorten(field, 100);
        throw root.Kind switch
        {
            NameKind.Inputs => new ExpressionSyntaxException(Rules.UnknownInput, $"the flow has no input '{name}'", at, suggestion),
            NameKind.State => new ExpressionSyntaxException(Rules.UnknownState, $"the flow declares no state '{name}'", at, suggestion),
            NameKind.Flow or NameKind.Run or NameKind.Error => new ExpressionSyntaxException(Rules.UnknownOutput, $"'{root.Text}' has no {(root.Kind == NameKind.Error ? "output" : "field")} '{name}'", at, suggestion),
            _ => new ExpressionSyntaxException(Rules.UnknownOutput, $"step '{root.Text}' has no output '{name}'", at, suggestion),
        };
    }

    private Expression ParseWord(out Name? root)
    {
        int at = _at;
        root = null;
        string word = TakeKnown(name => _names.Find(name) is not null);
        if (Peek() == '(' && (Function.All.ContainsKey(word) || _names.Find(word) is null))
        {
            return ParseCall(word, at, null);
        }

        if (_names.Find(word) is { } name)
        {
            root = name;
            return ParseName(name, at);
        }

        switch (word)
        {
            case "true" or "True":
                return new LiteralExpression(Value.True);
            case "false" or "False":
                return new LiteralExpression(Value.False);
            case "null" or "None":
                return new LiteralExpression(Value.Null);
            case "steps" when Peek() is '.' or '[':
                root = TakeStep();
                return ParseName(root, at);
        }

        if (_words)
        {
            _at = at;
            return BareText();
        }

        ExpressionSyntaxException fault = _names.Unknown(word, at, _line);
        throw fault.Rule == Rules.UnknownReference && fault.Suggestion?.StartsWith("Known", StringComparison.Ordinal) == true
            ? new ExpressionSyntaxException(fault.Rule, fault.Message, at, $"{fault.Suggestion} A text needs quotes: '{Text.Shorten(word, 40)}'.")
            : fault;
    }

    private Expression ParseName(Name name, int at)
    {
        switch (name.Kind)
        {
            case NameKind.Step:
                Used.Add(name);
                break;
            case NameKind.Local:
                return new LocalExpression(name.Text, name.Slot, name.ValueType);
            case NameKind.State or NameKind.Flow or NameKind.Run:
                return new RootExpression(name.Text, name.ValueType);
            case NameKind.Environment:
                string variable = TakeMember(name);
                return name.Fields?.Contains(variable) == false
                    ? throw new ExpressionSyntaxException(
                        Rules.UnknownEnvironment, $"flows may not read the environment variable '{Text.Shorten(variable, 60)}'", at,
                        Text.Nearest(variable, name.Fields) is { } near ? $"Did you mean '{near}'?" : $"Allowed: {Names.List(name.Fields)}.")
                    : new EnvironmentExpression(variable);
            case NameKind.Secrets:
                string key = TakeMember(name);
                if (name.Fields?.Contains(key) == false)
                {
                    throw new ExpressionSyntaxException(
                        Rules.SecretUse, $"there is no secret '{Text.Shorten(key, 60)}'", at, Text.Nearest(key, name.Fields) is { } similar ? $"Did you mean '{similar}'?" : null);
                }

                SecretExpression secret = new(key, at);
                _secrets.Add(secret);
                return secret;
        }

        return new VariableExpression(name.Text, name.ValueType);
    }

    private Name TakeStep()
    {
        int at = _at + 1;
        string id = TakeMemberName("steps", name => _names.Find(name) is { Kind: NameKind.Step });
        return _names.Find(id) is { Kind: NameKind.Step } step ? step : throw _names.Unknown(id, at, _line);
    }

    private string TakeMember(Name root) => TakeMemberName(root.Text, name => root.Fields?.Contains(name) == true);

    // `.NAME` or `['NAME']`.
    private string TakeMemberName(string root, Func<string, bool> exists)
    {
        if (TryTakeHere('.'))
        {
            return TakeKnown(exists);
        }

        int at = _at;
        if (TryTakeHere('['))
        {
            SkipSpace();
            if (Peek() is '\'' or '"' && ParseText(Peek()).Value.AsText is { } name && TryTake(']'))
            {
                return name;
            }
        }

        throw Fault($"'{root}' needs a name after it", at, $"Write {root}.NAME.");
    }

    private bool TryTakeHere(char c)
    {
        if (Peek() != c)
        {
            return false;
        }

        _at++;
        return true;
    }
}
