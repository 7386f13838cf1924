"""English vocabulary of the composed text. All of it of our own making."""

from __future__ import annotations

from typing import Final


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


NOUNS: Final = _split(
    """ledger valve garden harbour lantern orchard turbine notebook kettle bridge compass archive
    blanket canyon ribbon anvil beacon cradle dynamo engine fountain gallery hinge island jigsaw
    kernel ladder mirror needle oven piston quarry reservoir saddle tunnel umbrella vessel workshop
    zipper antenna barrel cabinet desk elevator ferry glacier hammer inlet jacket kiln lever
    magnet nozzle outlet pulley quilt railing sensor tractor upgrade village warehouse yardstick
    almanac basin carriage deposit estuary fixture granary hallway invoice junction keyboard loom
    mortgage nursery opinion pantry queue recipe schedule tariff utensil vaccine wetland syllabus
    auction budget contract dispute essay forecast grant harvest interview journal lease meeting
    novel order permit question rehearsal survey ticket venture wallet exhibit theorem protein
    circuit dataset index cache thread packet gradient sample cluster token vector matrix enzyme
    membrane isotope crystal polymer orbit lens planet comet tissue neuron ribosome glucose sonnet
    chorus rhythm melody fresco mosaic statue pigment glaze canvas tapestry puppet mask costume
    passport itinerary luggage hostel trail summit meadow river delta lagoon reef tide current""",
)
ADJECTIVES: Final = _split(
    """brittle amber quiet hollow rapid ancient patient narrow bright stubborn gentle copper distant
    fragile generous hidden ivory jagged keen lively modest nimble opaque plain rugged silent
    tender uneven vivid weary zealous abrupt broad candid dense elastic faint granular humid
    idle joint latent mutual nested oblique porous quaint robust scarce thermal urban vacant
    woven yearly adaptive binary cyclic discrete empirical finite global harmonic implicit jovial
    lateral marginal neutral ordinal parallel quadratic recursive seasonal temporal unusual verbal
    wholesale young acidic buoyant coastal dormant earnest floral glossy hasty inland juvenile""",
)
VERBS: Final = _split(
    """outlasts balances carries divides echoes follows gathers hides improves joins kindles lifts
    measures narrows offsets preserves questions replaces signals tightens unfolds verifies weighs
    anchors borrows circles delays enlarges filters guides harvests invites judges launders mends
    nourishes observes pauses quantifies repairs shelters traces updates validates widens absorbs
    breaks compares defines encodes fastens grows heats imitates labels merges notices organises
    predicts quiets reverses sorts transfers unites warms adjusts bends cleans drains""",
)
ADVERBS: Final = _split(
    """slowly rarely twice barely evenly often loudly early outdoors annually briefly calmly daily
    elsewhere firmly gladly halfway indoors jointly lately mostly nearby overnight partly quickly
    roughly safely together upward weekly abroad backwards cheaply directly exactly freely""",
)
PREPOSITIONS: Final = _split(
    """behind beneath beside beyond near against across along around before under without within
    despite toward inside outside opposite after above""",
)
NAMES: Final = _split(
    """Amara Bilal Chen Dalia Emre Farah Goran Hana Ivo Jomo Keiko Lena Mateo Nadia Omar Priya
    Quentin Rosa Sami Tariq Uma Viktor Wanjiru Ximena Yusuf Zofia Anouk Bruno Carmen Dmitri Esther
    Felix Gita Hugo Ines Jaya Kofi Lucia Malik Noor Olga Paulo Rania Sven Thandi Ulrich Vera""",
)
PLACES: Final = _split(
    """Porto Lagos Quito Hanoi Tbilisi Oslo Accra Lima Kyoto Tallinn Nairobi Cusco Bergen Jaipur
    Valparaiso Gdansk Fez Leeds Tampa Austin Perth Cork Graz Bari Izmir Pune Cebu Dakar Medellin
    Utrecht Malmo Riga Split Oulu Busan Hobart Recife Calgary Boise Fresno Tucson Ghent Lyon""",
)
CODE: Final = _split(
    """Python Rust Go TypeScript Kotlin Swift Java C++ Ruby Elixir Haskell SQL Bash Julia Scala
    PHP R Lua Dart Zig""",
)
PRODUCTS: Final = _split(
    """router kettle bicycle headset printer mattress blender subscription voucher laptop charger
    heater camera suitcase booking ticket invoice refund parcel keyboard vacuum stroller tent
    drone projector thermostat doorbell scale watch monitor""",
)
GROUPS: Final = _lines(
    """a beginner
    my manager
    ten-year-olds
    a sceptical friend
    new hires
    a nurse
    retired engineers
    first-year students
    a landlord
    my grandmother
    the board
    a night-shift team
    amateur gardeners
    a jury
    tourists
    a small-business owner
    the parents' evening
    a volunteer crew
    a chess club
    my flatmate"""
)
ANGLES: Final = _lines(
    """with two examples
    in plain words
    as a short table
    under 120 words
    with a counterexample
    step by step
    as bullet points
    without jargon
    from first principles
    with sources I could check
    like a recipe
    in a friendly tone
    as a dialogue
    with pros and cons
    and mention the costs
    in chronological order
    with a memorable analogy
    for a slide
    in the second person
    and end with a question"""
)
TASKS: Final = _lines(
    """repair
    compare
    store
    plan for
    budget
    label
    measure
    teach
    insure
    photograph
    describe
    clean
    simulate
    negotiate
    draw
    debug
    translate notes about
    write a poem about
    organise
    summarise research on
    price
    test
    install
    market
    grow"""
)
CODE_TASKS: Final = _lines(
    """parses nested
    deduplicates
    streams
    validates
    merges sorted
    memoises
    rate-limits
    serialises
    retries failed
    diffs two
    flattens
    batches
    encrypts
    indexes
    rotates old
    counts distinct
    renders
    schedules
    compresses
    paginates"""
)
CODE_LIMITS: Final = _lines(
    """without recursion
    in linear time
    with type hints
    and add tests
    using only the standard library
    with constant memory
    that handles empty input
    and explain the complexity
    safely across threads
    with clear errors
    in under 30 lines
    and avoid globals
    with a command line
    that works on streams
    without extra allocations"""
)
SYMPTOMS: Final = _lines(
    """stopped working
    arrived damaged
    shows error
    was charged twice
    never arrived
    will not pair
    overheats
    lost its settings
    is the wrong size
    makes a clicking noise
    keeps restarting
    was cancelled
    has a missing part
    will not update
    leaks"""
)
COMPANIES: Final = _split(
    """Brightvale Corvane Deltamoor Elmstead Fernhollow Glasswing Harrowgate Inkwell Junipero
    Kestrelby Larkfield Mossbank Northgate Oakhurst Pinecrest Quillford Rookwood Silverlea
    Thornbury Umberton Vinehall Westmere Yarrowby Zephyrine Ashcombe Bramley Coldbrook""",
)
INDUSTRIES: Final = _lines(
    """insurance
    grocery delivery
    rail travel
    property letting
    dental care
    home energy
    language tutoring
    second-hand clothing
    garden supplies
    accounting
    recruitment
    event ticketing
    pet care
    car sharing
    book publishing
    furniture
    physiotherapy
    wine importing
    software hosting
    museum membership
    tax filing
    logistics
    meal planning
    legal intake"""
)
RULES: Final = _lines(
    """Keep replies under {small} words.
    Never promise a refund above {number} credits.
    Greet the reader by first name when it is known.
    Offer the {noun} desk when a {noun} is mentioned.
    Use a {adj} but polite tone.
    Quote the policy section on {noun} handling.
    Ask one question at a time.
    Return valid JSON with the keys {noun} and {noun}.
    Do not discuss competitors or {noun} prices.
    If unsure, say so and link the {noun} page.
    Round all amounts to {small} decimals.
    Prefer the {adj} option when two fit.
    Write in the language of the customer.
    Escalate complaints about the {adj} {noun}.
    List at most {small} suggestions.
    Mention opening hours of the {place} office.
    Refer to the company as {company}.
    Mask any account number you see.
    Close with a line about the {noun} programme.
    Classify each message as {noun}, {noun} or {noun}."""
)
