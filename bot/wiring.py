"""The composition root: the one place that builds objects from settings and puts them together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from flask import Flask

from bot.console.app import Parts, create_console
from bot.core.clock import SystemClock
from bot.core.content import Library, load_library
from bot.core.screen import Screen
from bot.core.screen.screen import Reader
from bot.dialogue.client import Engine
from bot.dialogue.keywords import KeywordMenu
from bot.gateway.app import create_gateway
from bot.gateway.simulator import simulator
from bot.log import configure, logger
from bot.service.alarm_desk import AlarmDesk
from bot.service.alarm_sender import AlarmSender
from bot.service.alarm_ways import Ways
from bot.service.alarms import Alarms
from bot.service.answers import Answers
from bot.service.content_watch import ContentWatch
from bot.service.counselling import Counselling
from bot.service.delivery import Delivery
from bot.service.duty_hours import DutyHours
from bot.service.editorial import Editorial
from bot.service.escalation import Escalation
from bot.service.inbound import InboundService
from bot.service.joining import Joining
from bot.service.letters import Letters
from bot.service.promise import Promise
from bot.service.receipts import Receipts
from bot.service.shelter import Shelter
from bot.service.silence import Silence
from bot.service.talk import Talk
from bot.service.upkeep import Upkeep
from bot.service.worker_watch import WorkerWatch
from bot.settings import ROOT, Settings, load_settings
from bot.store.alarms import AlarmStore
from bot.store.audit import Audit
from bot.store.backup import Backup
from bot.store.connection import Store, StoreAway
from bot.store.counts import Counts
from bot.store.erased import Erased
from bot.store.joining import Joining as Codes
from bot.store.outbox import Outbox
from bot.store.people import People
from bot.store.record import Record
from bot.store.referrals import Referrals
from bot.store.rotation import Rotation
from bot.store.sessions import Sessions
from bot.store.spool import Spool
from bot.store.staff import Staff
from bot.store.turns import Turns
from bot.store.verdicts import Verdicts
from bot.store.watch import Watch
from bot.store.windows import Windows
from bot.worker import Duty, Worker
from channels.base import Channel
from channels.twilio_sms import TwilioSms
from channels.wechat import WeChat

CONTENT = ROOT / "content"


def load_screen(content: Path = CONTENT, model: bool = True) -> Screen:
    """The distress screen; needs no settings, no store and no network.

    Without its reader of meaning (not wanted, missing, broken) it works on words alone, and says so loudly.
    """
    return Screen.from_folder(content / "screen", _reader() if model else None)


def _reader() -> Reader | None:
    try:
        from nlu.screen.reader import Reader as Meaning

        return Meaning()
    except Exception as error:  # whatever is wrong with a model, words still work
        logger().critical("screen_works_on_words_alone", error=type(error).__name__)
        return None


@dataclass
class Site:
    """Everything of one site, built when first asked for and shared by whoever runs in this process."""

    settings: Settings

    @cached_property
    def library(self) -> Library:
        return load_library(CONTENT)

    @cached_property
    def screen(self) -> Screen:
        return load_screen()

    @cached_property
    def store(self) -> Store:
        return Store(self.settings.redis_url, self.settings.site, self.settings.confirm_replicas)

    @cached_property
    def people(self) -> People:
        secret = self.settings.pseudonym_secret.get_secret_value().encode()
        return People(self.store, self.settings.site_cipher, secret, self.erased)

    @cached_property
    def erased(self) -> Erased:
        return Erased(self.settings.data_dir / "erased.list")

    @cached_property
    def audit(self) -> Audit:
        return Audit(self.store, self.settings.pseudonym_secret.get_secret_value().encode())

    @cached_property
    def record(self) -> Record:
        return Record(self.store, self.audit)

    @cached_property
    def backup(self) -> Backup:
        return Backup(self.store, self.people, self.erased, self.settings.site_cipher)

    @cached_property
    def referrals(self) -> Referrals:
        return Referrals(self.store, self.people)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.store, self.people)

    @cached_property
    def receipts(self) -> Receipts:
        return Receipts(self.outbox, self.channels)

    @cached_property
    def staff(self) -> Staff:
        return Staff(self.store, self.settings.site_cipher)

    @cached_property
    def spool(self) -> Spool:
        return Spool(self.settings.data_dir / "spool", self.settings.site_cipher)

    @cached_property
    def rotation(self) -> Rotation:
        return Rotation(self.store, self.settings.site_cipher, self.verdicts, self.spool)

    @cached_property
    def answers(self) -> Answers:
        return Answers(self.library, SystemClock())

    @cached_property
    def keywords(self) -> KeywordMenu:
        return KeywordMenu(self.library)

    @cached_property
    def content_watch(self) -> ContentWatch:
        return ContentWatch(CONTENT, self.library, [self.answers.renew, self.keywords.renew])

    @cached_property
    def engine(self) -> Engine:
        secret = self.settings.rasa_secret.get_secret_value()
        return Engine(self.settings.rasa_url, secret, self.settings.rasa_deadline_s)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.store, self.people)

    @cached_property
    def unanswered(self) -> Counts:
        """Messages that were not understood, by the topic that was guessed."""
        return Counts(self.store, SystemClock(), "unanswered")

    @cached_property
    def helped(self) -> Counts:
        """Whether answers helped, as "<answer id> yes" and "<answer id> no"."""
        return Counts(self.store, SystemClock(), "helped")

    @cached_property
    def inbound(self) -> InboundService:
        counts = (self.unanswered, self.helped)
        talk = Talk(self.answers, self.engine, self.keywords, self.people, self.referrals, *counts)
        escalation = Escalation(self.answers, self.referrals, self.spool)
        turns = Turns(self.store)
        shelter, joining = Shelter(self.answers, escalation), Joining(self.answers, Codes(self.store))
        return InboundService(
            self.screen, self.answers, talk, escalation, self.people, self.sessions, turns, shelter, joining,
            self.watch, self.windows,
        )  # fmt: skip

    @cached_property
    def watch(self) -> Watch:
        return Watch(self.store)

    @cached_property
    def windows(self) -> Windows:
        return Windows(self.store, {c.name: c.window for c in self.channels.values() if c.window})

    @cached_property
    def counselling(self) -> Counselling:
        codes = Codes(self.store)
        return Counselling(self.referrals, self.staff, self.answers, self.verdicts, codes, self.windows)

    @cached_property
    def letters(self) -> Letters:
        return Letters(self.outbox, self.referrals, self.staff)

    @cached_property
    def verdicts(self) -> Verdicts:
        return Verdicts(self.store, self.settings.site_cipher)

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """The channels that have settings, by the last part of their webhook's path."""
        s = self.settings
        found: dict[str, Channel] = {}
        if s.wechat_token and s.wechat_app_secret:
            aes = s.wechat_aes_key.get_secret_value() if s.wechat_aes_key else None
            token, secret = s.wechat_token.get_secret_value(), s.wechat_app_secret.get_secret_value()
            found["wechat"] = WeChat(token, s.wechat_app_id, secret, aes, s.wechat_mode == "safe", s.wechat_api)
        if s.twilio_auth_token:
            token = s.twilio_auth_token.get_secret_value()
            found["sms"] = TwilioSms(s.twilio_account_sid, token, s.twilio_number, s.public_url, s.twilio_api)
        return found

    @cached_property
    def worker(self) -> Worker:
        delivery = Delivery(self.outbox, self.people, self.channels, self.sessions, self.windows)
        more = (Duty(5.0, self.record.follow), Duty(60.0, self.receipts.ask_for_missing))
        return Worker(delivery, [*duties(self.upkeep), *alarm_duties(self.alarms), *more])

    @cached_property
    def hours(self) -> DutyHours:
        return DutyHours(CONTENT / "duty.yml")

    @cached_property
    def alarms(self) -> Alarms:
        silence = timedelta(hours=self.settings.silence_hours)
        store = AlarmStore(self.store)
        return Alarms(store, self.staff, self.hours, self.alarm_ways, self.alarm_sender, silence)

    @cached_property
    def alarm_ways(self) -> Ways:
        s = self.settings
        secret = s.alarm_webhook_secret.get_secret_value().encode() if s.alarm_webhook_secret else b""
        webhook = (s.alarm_webhook, secret) if s.alarm_webhook else None
        return Ways(s.site, s.console_url, self.channels.get("sms"), webhook, s.on_call)

    @cached_property
    def alarm_sender(self) -> AlarmSender:
        return AlarmSender()

    @cached_property
    def worker_watch(self) -> WorkerWatch:
        return WorkerWatch(self.store, self.alarm_ways, self.alarm_sender)

    @cached_property
    def alarm_desk(self) -> AlarmDesk:
        return AlarmDesk(AlarmStore(self.store), self.staff, self.hours, lambda: self.worker_watch.silent)

    @cached_property
    def upkeep(self) -> Upkeep:
        silence = Silence(self.watch, self.sessions, self.people, self.referrals)
        retention = timedelta(days=self.settings.retention_days)
        promise = Promise(self.referrals, self.staff, self.sessions, self.outbox, self.answers)
        return Upkeep(self.store, self.referrals, self.spool, self.people, silence, promise, self.audit, retention)

    def health(self) -> dict[str, bool]:
        return {"store": _up(self.store.ping), "engine": self.engine.ready()}


def duties(upkeep: Upkeep) -> list[Duty]:
    """What the worker does by the clock, in this order."""
    return [
        Duty(2.0, upkeep.give_sign_of_life),
        Duty(2.0, upkeep.put_back),
        Duty(2.0, upkeep.keep_promises),
        Duty(2.0, upkeep.hear_silence),
        Duty(2.0, upkeep.empty_spool),
        Duty(300.0, upkeep.seal_audit),
        Duty(60.0, upkeep.delete_old),
        Duty(3600.0, upkeep.forget_on_disk),
    ]


def alarm_duties(alarms: Alarms) -> list[Duty]:
    """What the worker does for the alarms."""
    return [Duty(2.0, alarms.climb), Duty(60.0, alarms.hear_nobody)]


def _up(probe: Callable[[], bool]) -> bool:
    try:
        return probe()
    except StoreAway:
        return False


def build_site(process: str) -> Site:
    """Reads the settings and sets up logging for one process; raises SettingsError."""
    configure(process)
    return Site(load_settings())


def gateway() -> Flask:
    """The gateway's WSGI application."""
    site = build_site("gateway")
    site.screen, site.library, site.channels  # noqa: B018 - a broken file stops the start, not the first message
    site.content_watch.start()
    app = create_gateway(site.inbound, site.channels, site.health, site.receipts)
    if site.settings.simulator:
        app.register_blueprint(simulator(site.settings))
    return app


def worker() -> Worker:
    """The worker, its alarms included."""
    site = build_site("worker")
    site.alarm_sender.start()
    return site.worker


def console() -> Flask:
    """The console's WSGI application."""
    site = build_site("console")
    site.alarm_sender.start()
    site.worker_watch.start()
    site.content_watch.start()
    return console_of(site)


def console_of(site: Site) -> Flask:
    """The same, of a site that is there already, without its threads."""
    secret, secure = site.settings.session_secret.get_secret_value(), site.settings.console_cookie_secure
    editorial = Editorial(site.answers, site.helped, site.unanswered, lambda: site.content_watch.problem)
    parts = Parts(site.counselling, editorial, site.record, site.alarm_desk, site.letters, site.staff, site.store.bell)
    return create_console(parts, secret, secure)
