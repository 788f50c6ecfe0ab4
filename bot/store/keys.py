"""Every key in the store, by name. All keys of a site share one hash tag, so they live on one Cluster slot.

==============================  =======  ===========================================================================
key                             type     holds
==============================  =======  ===========================================================================
{site}:queue                    zset     waiting referrals; score = level * 1e13 + since when (ms): level, then age
{site}:lane:<wants>             zset     those of the queue who wait for these skills ("language:vi kind:medical"), for
                                         one counsellor ("@<id>"), or for anybody (""); the same scores
{site}:lanes                    set      the lanes, but for "", in which somebody waits
{site}:ripens                   zset     waiting referrals by the time (ms) at which their level or lane changes
{site}:waits                    hash     "<level>:mean" and "<level>:count" of how long people waited lately (ms)
{site}:hands:<counsellor>       set      referrals that this counsellor holds
{site}:parked                   zset     referrals laid aside; score = when they come back (ms)
{site}:promised                 zset     referrals whose person was told that nobody is on duty; score = when (ms)
{site}:leases                   zset     referrals in a counsellor's hands; score = end of the lease (ms)
{site}:asked                    zset     held referrals whose person waits for words; score = level * 1e13 + since (ms)
{site}:resolved                 zset     resolved referrals, conversation not yet deleted; score = time resolved (ms)
{site}:referral:<id>            hash     person, channel, language, level, kinds, province, state, opened, since, taken,
                                         holder, fence, lease, lane, known, also (her other names), heard_on, outcome
{site}:transcript:<id>          stream   who (person, counsellor, bot, screen, note) and the sealed text, in order
{site}:open:<person>            string   the id of the person's one open referral
{site}:last:<person>            string   the id of her last one, for a cry that opens it again (3 days)
{site}:join:<digest of a code>  string   the referral that whoever sends this code belongs to (1 day)
{site}:forgotten                string   somebody was erased since the store's file was last written anew
{site}:fence                    string   counter of fencing tokens
{site}:audit                    stream   every change of a referral and every read of a transcript
{site}:audit:head               hash     number and hash of the newest entry of the audit; wall: the server's clock,
                                         now: the queue's, when they were last marked (ms)
{site}:audit:seals              stream   seals over the audit up to an entry, under a key that the store lacks
{site}:verdicts                 stream   what counsellors said of the screen; no text unless released
{site}:record:at                string   up to where in the audit the record has been made
{site}:record:<month>           hash     referrals by level: opened, taken (by length of the wait), ended (by outcome)
{site}:ended:<level>:<outcome>  zset     ended referrals, for good; score = time ended (ms)
{site}:bell                     string   counter that rises with every change a screen would show and the audit does not
{site}:op:<id>                  string   the result of an operation, for the retry that follows a lost reply (1 day)
{site}:person:<id>              hash     channel, wrapped data key, sealed address
{site}:window:<person>          hash     when she last wrote, until when the platform takes messages, how many (30 days)
{site}:session:<person>         string   sealed state of the conversation: language, open question, answers offered
{site}:seen:<channel>:<digest>  string   "running:<token>" or the sealed reply to this platform message (7 days)
{site}:lock:<person>            string   token of whoever handles this person's message now
{site}:out:due                  zset     people with something to send; score = when (ms)
{site}:out:line:<person>        list     ids of their messages, oldest first
{site}:out:message:<id>         hash     person, channel, sealed text, state, attempts, times, reason, referral
{site}:out:dead                 zset     messages given up; kept and shown
{site}:out:by:<channel>:<d>     string   the message that the platform took under the id of this digest (30 days)
{site}:out:early:<channel>:<d>  string   what the platform said of an id that no message had yet (1 day)
{site}:out:followed             zset     messages whose platform reports their end; score = when to ask it (ms)
{site}:out:fault:<channel>      string   why a channel that is set up wrongly cannot send (1 day, or until it sends)
{site}:staff:<id>               hash     login, name, role, password hash, sealed TOTP secret and alarm number,
                                         languages, kinds, provinces ("*": all), capacity
{site}:staff:lacking            set      skills that somebody on the staff lacks: only those are waited for
{site}:staff:logins             hash     login to staff id
{site}:staff:present            zset     counsellors on duty; score = presence ends (ms)
{site}:staff:tries:<digest>     string   sign-ins tried for a login or from an address (15 minutes)
{site}:staff:totp:<id>          string   the last half minute whose code was used (5 minutes)
{site}:staff:totp:<id>:<step>   string   who took the code of this half minute, so that it works once (5 minutes)
{site}:checks                  zset     people asked whether they are safe; score = when silence counts (s)
{site}:unanswered:<month>       hash     messages not understood by the topic that was guessed (400 days)
{site}:helped:<month>           hash     "<answer id> yes" and "<answer id> no" as people judged answers (400 days)
{site}:heartbeat:<process>      string   time of the last sign of life (ms); "inbound": of the last message that came
{site}:alarm:taken              hash     "<level>:<step>" or "silence": when that alarm was given last (ms), by whom
{site}:alarm:ack:<level>        hash     who is on it, from when, until when (ms)
{site}:alarm:worker             string   set while the alarm about a worker that is gone is not to be repeated
{site}:talk:<conversation>      string   Rasa's sealed tracker, bounded (written by bot/rasa/tracker_store.py)
{site}:talks                    zset     conversations held by Rasa; score = last use (ms)
==============================  =======  ===========================================================================
"""

import hashlib


class Keys:
    """Builds key names; the Lua scripts get ``prefix`` and build the same ones."""

    def __init__(self, site: str) -> None:
        if not site.isascii() or not site.replace("-", "").isalnum():
            raise ValueError("the site's name may hold only letters, digits and hyphens")
        self.prefix = "{" + site + "}:"

    def __call__(self, *parts: str) -> str:
        return self.prefix + ":".join(parts)

    def digest(self, *parts: str) -> str:
        """For parts that come from outside (message ids, logins): they never stand in a key as they are."""
        return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
