//! Bugs planted on purpose, to see whether the simulator, or a test, finds them. Only with the feature `planted` and in unit tests;
//! else every question is answered "no" by the compiler.

use std::cell::Cell;

/// True where the named bug is planted in this run.
#[macro_export]
macro_rules! planted {
    ($bug:ident) => {
        cfg!(any(test, feature = "planted")) && $crate::planted::is($crate::planted::Bug::$bug)
    };
}

macro_rules! bugs {
    (simulator: $($(#[doc = $doc:literal])* $name:ident),+; tests: $($(#[doc = $other:literal])* $by_test:ident),+ $(,)?) => {
        /// A bug that somebody could have written.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Bug { $($(#[doc = $doc])* $name,)+ $($(#[doc = $other])* $by_test),+ }

        /// All that the simulator has to find, with what they are.
        pub const BUGS: &[(Bug, &str)] = &[$((Bug::$name, concat!($($doc),*))),+];
    };
}

bugs! {
    simulator:
    /// A value is folded while our own write is open.
    FoldBeforeResolve,
    /// An absolute write opens no window: what it overwrote is taken for staff's.
    NoWindow,
    /// The window is closed by a reading that leaves doubt.
    WindowClosedInDoubt,
    /// A keyed write whose answer was lost is sent again under a new key.
    NewKeyForRepeat,
    /// A keyed write whose answer was lost is not sent again, and a reading decides.
    ReadingDecidesKeyed,
    /// A lost answer counts as done.
    LostIsDone,
    /// A lost answer counts as not done.
    LostIsNotDone,
    /// A write that may still arrive is given up at once.
    NeverLate,
    /// In doubt the higher stock is assumed.
    HigherInDoubt,
    /// Values that were left a moment ago are folded again.
    StaleIsNew,
    /// Order shares are not remembered: each look takes them again.
    SharesForgotten,
    /// Units in flight are not allowed for.
    InFlightIgnored,
    /// What moved between the two looks at the orders is not allowed for.
    OneLookAtOrders,
    /// Units given back by orders are not folded.
    GiveBackIgnored,
    /// What orders did around a doubtful reading does not count as overwritten by a write that starts from it.
    NothingAround,
    /// A recorded write is sent however long it was held up.
    SentWhenever,
    /// An absolute write is made without a look in the same pass.
    AbsoluteFromMemory,
    /// Stock is written although its reading may be older than what is known.
    WrittenUnread,
    /// The cursor of the order list runs ahead to the shop's clock.
    CursorAhead,
    /// Orders in flight are not asked for again.
    InFlightForgotten,
    /// No orders are remembered at first contact.
    NothingRemembered,
    /// A program whose lease was taken goes on writing to the ledger.
    NotFenced,
    /// In counter columns, the pool is founded as if nothing had been sold.
    SoldForgotten,
    /// In counter columns, people's own column is written to.
    ReceivedIsOurs,
    /// A counter that somebody typed over is left so.
    CounterUnwatched,
    /// What a read brought is not read again when the ledger fails to take it in.
    FailureForgotten,
    /// A row with another SKU is taken for a new one.
    RenameIsNew,
    /// A SKU gets another name while a shop's pass has it in hand.
    RenamedInHand,
    /// A row that may be a renamed one is taken for a new one when the read was not complete.
    RenameInDoubt,
    /// A key that nobody knows, under a sheet write, is taken for another row's.
    UnknownIsAnothers,
    /// A product that was made anew in a shop is taken for the one that was deleted.
    NewIdsAreOld,
    /// A listing that shows another SKU than its own belongs to nobody.
    LinkForgotten,
    /// A listing that shows a former SKU belongs to nobody, where it was not linked yet.
    FormerForgotten,
    /// A movement wakes no other endpoint.
    NobodyHinted,
    /// A hint that came during a pass is finished with it.
    HintsFinishedBlindly,
    /// What a full look did not find is created, although a product could not be read.
    UnreadableIsAbsent,
    /// A look counts from its end, not from its beginning.
    StampedLate,
    /// What a pass still wants of a SKU is forgotten where another hint came during it.
    WishForgotten,
    /// A write is planned although one is open.
    PlanOverOpen,
    /// A folded movement does not reach what is accounted for.
    NotAccounted,
    /// The intent is not recorded before the write.
    NoIntent,
    /// Buffers are ignored by the plan.
    BufferIgnored,
    /// A sheet write goes to the row where the key was last seen.
    WriteByRowNumber,
    /// What a sheet write hit by mistake is left as it is.
    NoPutBack,
    /// The row under a sheet write is not looked at.
    WrongRowIsRight,
    /// Stock cells are written whatever they show.
    NoCondition,
    /// A cell that a person changed counts as written.
    PersonIsUs,
    /// A row that lost its key under a write is taken for another row.
    KeylessIsAnothers,
    /// What a write hit by mistake is forgotten when its row is cut out before it is put back.
    GoneIsRight,
    /// A repeated sheet write that is refused counts as not done, though the first may have been.
    RefusedRepeatIsNotDone,
    /// A number that people counted counts as an edit.
    CountIsEdit,
    /// A listing is created without looking whether it is there.
    CreateBlindly,
    /// An order placed and cancelled between two looks is nothing.
    ChurnIgnored,
    /// A number that another row's interrupted write may have put there is taken for a person's.
    AstrayIsTyped,
    /// A put-back whose answer was lost counts as not done.
    LostPutBackIsNotDone;
    tests:
    /// What is written during a read is not left out of it.
    ReadBesideWrite,
    /// A lost sheet write is forgotten once its own fate is known.
    LostAtOnce,
    /// What a look showed to be hit by a lost write, or put back, was so for sure, however old the look may be.
    LookIsProof,
    /// What was seen before a write is put back, though it may be older than what the ledger knows.
    OlderLookIsRight,
    /// A lost write that shows where it belongs is taken to be nowhere else, though it may have been sent twice.
    FoundIsNowhereElse,
    /// A cell that shows the number of another row's write was hit by it, whatever it showed before.
    AnyWriteHits,
    /// A stale look at what a write had hit, before that was put back, is something new.
    RestoredIsNew,
    /// What a write hit because columns were moved under it stays as it is.
    ColumnsStay,
    /// A row that settles later is taken in without what its read did not hold.
    UnseenForgotten,
    /// A row that stands twice is written to.
    DoubledIsWritten,
    /// A stock cell with a formula is left as it is without a word.
    FormulaUnsaid,
    /// Another column, shop or place in the configuration is taken for the one before.
    IdentityIgnored,
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Plant a bug on this thread, or none.
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Is this one planted?
pub fn is(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}
