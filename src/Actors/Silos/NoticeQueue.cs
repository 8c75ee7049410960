using System.Globalization;
using System.Text;
using Actors.Storage;

namespace Actors.Silos;

/// <summary>Gathers what is to be told to other silos while the notices before are being sent, outside the path of commits. What cannot be sent is dropped. Thread-safe.</summary>
/// <param name="onTold">Called with what was sent.</param>
internal sealed class NoticeQueue(EngineServices services, IClusterStore store, Action<Notice, IReadOnlyCollection<string>> onTold)
{
    private readonly Lock _lock = new();
    private Dictionary<(long? To, Notice Kind), HashSet<string>> _waiting = [];
    private bool _sending;

    public void Add(long? to, Notice kind, string word)
    {
        lock (_lock)
        {
            if (!_waiting.TryGetValue((to, kind), out HashSet<string>? words))
            {
                _waiting.Add((to, kind), words = new(StringComparer.Ordinal));
            }

            words.Add(word);
            if (_sending)
            {
                return;
            }

            _sending = true;
        }

        services.Scheduler.Post(static self => _ = ((NoticeQueue)self!).SendAsync(), this);
    }

    private async Task SendAsync()
    {
        while (true)
        {
            Dictionary<(long? To, Notice Kind), HashSet<string>> waiting;
            lock (_lock)
            {
                if (_waiting.Count == 0)
                {
                    _sending = false;
                    return;
                }

                (waiting, _waiting) = (_waiting, []);
            }

            try
            {
                await store.TellAsync([.. waiting.SelectMany(Write)], CancellationToken.None).ConfigureAwait(false);
                foreach (((_, Notice kind), HashSet<string> words) in waiting)
                {
                    onTold(kind, words);
                }
            }
            catch (StoreException e)
            {
                services.Log.StoreReadRetried(e.Message);
            }
        }
    }

    private IEnumerable<SiloNotice> Write(KeyValuePair<(long? To, Notice Kind), HashSet<string>> group)
    {
        ((long? to, Notice kind), HashSet<string> words) = group;
        StringBuilder text = new();
        foreach (string word in words)
        {
            if (text.Length + word.Length + 1 > SiloNotice.TextMax)
            {
                yield return new SiloNotice(to, text.ToString());
                text.Clear();
            }

            if (text.Length == 0)
            {
                text.Append((char)kind);
                if (kind == Notice.Watch)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{services.SiloNo},");
                }
            }
            else
            {
                text.Append(',');
            }

            text.Append(word);
        }

        yield return new SiloNotice(to, text.ToString());
    }
}
