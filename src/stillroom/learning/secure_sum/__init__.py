"""The sum of owners' vectors, opened to an aggregator that never sees one of them.

The protocol is that of Bonawitz, Ivanov, Kreuter, Marcedone, McMahan, Patel, Ramage, Segal and Seth (2017), "Practical Secure Aggregation
for Privacy-Preserving Machine Learning", CCS '17 (eprint 2017/281), in the variant for an aggregator that does not keep to the protocol:
with signed keys, and a round in which all sign who is in the sum (figure 4 and section 6.2 there). An aggregator relays what members sign:

0. *advertise*: each member signs two fresh X25519 keys: one that masks are made of, one to seal shares to.
1. *share*: each takes all advertisements, checks each against the contract's keys, draws a secret b for a mask of its own, and sends each
   peer a share of b and a share of its masking key, sealed to that peer.
2. *mask*: each sends x + PRG(b) + Σ ± PRG(what it and a peer agree on), in a `Ring`; signed is a header with the digest of these words.
3. *confirm*: each takes all headers and signs this list: the active set.
4. *reveal*: when enough have signed the very same list, each reveals, for each peer, ONE share: of b where the peer is in the list, and of
   the masking key where it had shared and then dropped out.

The aggregator takes off the masks of those in the list, and what those that dropped out left in them; masks between two that are in the
list have cancelled. A round that goes below `fewest` at any stage is aborted. Weights, row counts and whatever else a training sums are
nothing special: they are coordinates of the vector, masked like all others, and never sent beside it.

What differs from the paper: secrets have 256 bits, each use has a key of its own by HKDF, whose `info` names contract, run, round, all
advertised keys and the two parties, each coordinate has its own word of ChaCha20's stream, and sums cannot wrap (`Ring.for_sum`). Headers
commit to b, so that shares which restore another b are noticed; masking keys are noticed by their public halves. All later messages name
the digest of all advertisements, and headers name whom they are masked with; members refuse peers that were told anything else.

Why no vector is seen
---------------------
Let n members, of whom at most t collude with the aggregator, and let k be `fewest`, with 2k > n + t (`Session`). Signatures, X25519 with
HKDF, ChaCha20 and ChaCha20-Poly1305 are assumed to be what they are taken for. Let H be the honest members.

*One kind of share.* An honest member reveals only for a list that k members have signed: at least k - t honest ones. Two different lists
would have 2(k - t) > n - t honest signers, more than there are, so one honest member would have signed both; but a member signs one list
for its keys, as each of its states answers one question, and no other ever (`Once`), and every list names the keys. So all honest members
that reveal anything reveal for the same list L. Of a peer in L they reveal shares of b only, of any other shares of its masking key only.
The colluders' t shares of the other secret are fewer than k (as 2k > n + t and k ≤ n give k > t), and tell nothing (`shamir`). This defeats
a server that lists a victim as alive for some and as dropped out for others.

*The masks that stay.* Let S be the honest members that have signed L: at least k - t. Each has checked that L is a part of the peers that
it has masked with, and that all headers in L name these same peers and the same keys. An honest header is signed once and names the peers
that its words are really masked with; so every honest member in L is masked with every other one in L, and between two honest ones this
mask stays secret, because neither masking key is ever restored: both are in L. Given the sum over H ∩ L, the vectors of H ∩ L that the
aggregator has, with all that colluders know taken off, are uniform (lemma 6.1 there: the masks of a connected graph add up to a uniform
vector among those of sum zero). The sum has the contributions of at least k - t honest members in it, namely S. An honest member outside L
keeps its b, of which nobody has more than t shares; its vector, if the aggregator has it at all, is uniform. Without k signatures nothing
is revealed, and every vector keeps b.

What is not promised
--------------------
That the sum is right, or that there is one: an aggregator may hand on another sum than that of L, and one member can spoil a round with
any vector (that it is clipped is its word), or end it with shares that restore nothing. Who has signed what shows which member that was, in
all cases but the last: a share does not prove itself. Timing and sizes are seen: who took part, and how long vectors are. What the sum
itself tells about a person is bounded by the noise that is in it, not by masks. A state lives in the memory of one process: whoever writes
it down and brings it back makes a member that can be asked twice; after a crash, a member has dropped out.
"""
