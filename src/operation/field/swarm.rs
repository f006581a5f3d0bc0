//! The bodies about the swarm itself (moby `api/types/swarm/swarm.go`). Each is guarded as a whole.

use super::Kind::{Bool, Int, List, Struct, Text, Uint};
use super::{Field, Kind, Part};

/// `SwarmInit`.
pub(in crate::operation) const INIT: Kind = Struct(&[
    Part::of(ADDRESSES),
    Part::of(&[
        Field::plain("DataPathPort", Uint, "The UDP port of overlay networks").since(40),
        Field::plain("ForceNewCluster", Bool, "Also if there is a swarm, which it takes over"),
        Field::plain("Spec", UPDATE, "Its settings"),
        Field::plain("AutoLockManagers", Bool, "Managers must be unlocked").since(25),
        Field::plain("DefaultAddrPool", Kind::TEXTS, "Addresses for overlay networks").since(39),
        Field::plain("SubnetSize", Uint, "The size of each such network").since(39),
    ]),
]);

/// `SwarmJoin`.
pub(in crate::operation) const JOIN: Kind = Struct(&[
    Part::of(ADDRESSES),
    Part::of(&[
        Field::plain("RemoteAddrs", Kind::TEXTS, "Managers of the swarm"),
        Field::plain("JoinToken", Text, "The token that lets it join"),
    ]),
]);

/// `SwarmUnlock`.
pub(in crate::operation) const UNLOCK: Kind =
    Struct(&[Part::of(&[Field::plain("UnlockKey", Text, "The key")])]);

/// `SwarmUpdate`.
pub(in crate::operation) const UPDATE: Kind = Struct(&[Part::of(&[
    Field::plain("Name", Text, "Its name"),
    Field::plain("Labels", Kind::TEXT_MAP, "Its labels"),
    Field::plain(
        "Orchestration",
        Struct(&[Part::of(&[Field::plain(
            "TaskHistoryRetentionLimit",
            Int,
            "How many tasks that ended are remembered",
        )])]),
        "How tasks are managed",
    ),
    Field::plain(
        "Raft",
        Struct(&[Part::of(&[
            Field::plain("SnapshotInterval", Uint, "Entries between two snapshots"),
            Field::plain("KeepOldSnapshots", Uint, "How many older snapshots are kept"),
            Field::plain("LogEntriesForSlowFollowers", Uint, "Entries kept for slow managers"),
            Field::plain("ElectionTick", Int, "Ticks until a new leader is elected"),
            Field::plain("HeartbeatTick", Int, "Ticks between two signs of life"),
        ])]),
        "How managers agree",
    ),
    Field::plain(
        "Dispatcher",
        Struct(&[Part::of(&[Field::plain(
            "HeartbeatPeriod",
            Int,
            "Nanoseconds between two signs of life of a node",
        )])]),
        "How nodes are told what to run",
    ),
    Field::plain("CAConfig", CA_CONFIG, "The certificate authority"),
    Field::plain(
        "TaskDefaults",
        Struct(&[Part::of(&[Field::plain(
            "LogDriver",
            Struct(&[Part::of(&[
                Field::plain("Name", Text, "The driver"),
                Field::plain("Options", Kind::TEXT_MAP, "Its options"),
            ])]),
            "Where the output of tasks goes",
        )])]),
        "What holds for tasks that say nothing else",
    ),
    Field::plain(
        "EncryptionConfig",
        Struct(&[Part::of(&[Field::plain("AutoLockManagers", Bool, "Managers must be unlocked")])]),
        "How it is encrypted",
    )
    .since(25),
])]);

const ADDRESSES: &[Field] = &[
    Field::plain("ListenAddr", Text, "Where it listens for other nodes"),
    Field::plain("AdvertiseAddr", Text, "Where other nodes reach it"),
    Field::plain("DataPathAddr", Text, "Where the traffic of overlay networks goes").since(31),
    Field::plain("Availability", Text, "`active`, `pause` or `drain`").since(27),
];

const CA_CONFIG: Kind = Struct(&[Part::of(&[
    Field::plain("NodeCertExpiry", Int, "How long certificates are valid, in nanoseconds"),
    Field::plain(
        "ExternalCAs",
        List(&Struct(&[Part::of(&[
            Field::plain("Protocol", Text, "`cfssl`"),
            Field::plain("URL", Text, "Where it is"),
            Field::plain("Options", Kind::TEXT_MAP, "Its options"),
            Field::plain("CACert", Text, "Its certificate").since(30),
        ])])),
        "Authorities elsewhere",
    ),
    Field::plain("SigningCACert", Text, "The certificate to sign with").since(30),
    Field::plain("SigningCAKey", Text, "The key to sign with").since(30),
    Field::plain("ForceRotate", Uint, "Makes a new one when it changes").since(30),
])]);
