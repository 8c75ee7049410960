using System.Globalization;
using System.Text;

namespace Actors.Client;

/// <summary>Builds a query; absent values are left out.</summary>
internal sealed class QueryText(string path)
{
    private readonly StringBuilder _text = new(path);
    private char _next = '?';

    public QueryText Add(string name, string? value)
    {
        if (value is not null)
        {
            _text.Append(_next).Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
            _next = '&';
        }

        return this;
    }

    public QueryText Add(string name, long? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture));

    public override string ToString() => _text.ToString();
}
