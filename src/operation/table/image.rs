//! Images.

use super::ParameterKind::{Bool, Filters, Int, Json, List, Text};
use super::{Endpoint, Header, Identifier, Parameter};
use crate::operation::field;

pub(super) static ROWS: &[Endpoint] = &[
    Endpoint::post("/commit", "ImageCommit", "Makes an image of a container's file system")
        .query(&[
            Parameter::plain("container", Text, "The container"),
            Parameter::plain(
                "repo",
                Text,
                "The repository to tag the image in; takes over a tag that exists",
            ),
            Parameter::plain("tag", Text, "The tag"),
            Parameter::plain("comment", Text, "A remark kept in the image"),
            Parameter::plain("author", Text, "The author kept in the image"),
            Parameter::plain("pause", Bool, "Suspends the container meanwhile; the default").on_by_default(),
            CHANGES,
        ])
        .json(field::container::COMMIT)
        .since(1, 0),
    Endpoint::get("/images/json", "ImageList", "Lists images")
        .query(&[
            Parameter::plain("all", Bool, "Also intermediate layers"),
            Parameter::plain("filters", Filters, "Only those that match"),
            Parameter::plain("filter", Text, "Only those of this repository (below 1.25)"),
            Parameter::plain("digests", Bool, "With digests; newer daemons always tell them"),
            Parameter::plain("shared-size", Bool, "With the size shared with other images (1.42)"),
            Parameter::plain("manifests", Bool, "With the manifests of each image (1.47)"),
            Parameter::plain("identity", Bool, "With what is known of who made it (1.54)"),
        ])
        .since(1, 7),
    Endpoint::get("/images/search", "ImageSearch", "Searches a registry; the daemon contacts it")
        .query(&[
            Parameter::plain("term", Text, "What to search for; a host name in front chooses the registry"),
            Parameter::plain("limit", Int, "At most so many"),
            Parameter::plain("filters", Filters, "Only those that match"),
        ])
        .carries(&[Header::RegistryAuth])
        .since(1, 0),
    Endpoint::get("/images/get", "ImageGetAll", "Reads several images, as a tar archive")
        .query(&[
            Parameter::plain("names", List, "The images"),
            Parameter::plain("platform", List, "Only these platforms (1.48)"),
        ])
        .streams()
        .since(1, 15),
    Endpoint::get("/images/{name}/get", "ImageGet", "Reads an image, as a tar archive")
        .names(&[Identifier::Image])
        .query(&[Parameter::plain("platform", List, "Only these platforms (1.48)")])
        .streams()
        .since(1, 7),
    Endpoint::get("/images/{name}/history", "ImageHistory", "Lists the steps that made an image")
        .names(&[Identifier::Image])
        .query(&[Parameter::plain("platform", Json, "Of this platform (1.48)")])
        .since(1, 0),
    Endpoint::get("/images/{name}/json", "ImageInspect", "Shows an image's configuration")
        .names(&[Identifier::Image])
        .query(&[
            Parameter::plain("manifests", Bool, "With its manifests (1.48)"),
            Parameter::plain("platform", Json, "Of this platform (1.49)"),
        ])
        .since(1, 0),
    Endpoint::get(
        "/images/{name}/attestations",
        "ImageAttestations",
        "Lists what is attested of an image's making",
    )
    .names(&[Identifier::Image])
    .query(&[
        Parameter::plain("platform", Json, "Of this platform"),
        Parameter::plain("type", List, "Only these predicate types"),
        Parameter::plain("statement", Bool, "With the whole statements"),
    ])
    .since(1, 55),
    Endpoint::post(
        "/images/load",
        "ImageLoad",
        "Loads images from a tar archive; takes over tags that exist",
    )
    .query(&[
        Parameter::plain("quiet", Bool, "Without progress; the default").on_by_default(),
        Parameter::plain("platform", List, "Only these platforms (1.48)"),
    ])
    .tar()
    .streams()
    .since(1, 7),
    Endpoint::post(
        "/images/create",
        "ImageCreate",
        "Pulls an image from a registry, or imports one from an archive",
    )
    .query(&[
        Parameter::plain("fromImage", Text, "The image to pull"),
        Parameter::guarded(
            "fromSrc",
            Text,
            "What to import in place of a pull: a URL, or `-` for the body",
            "makes the daemon fetch any URL, or an image of any archive",
        ),
        Parameter::plain("repo", Text, "The repository to tag an import in; takes over a tag that exists"),
        Parameter::plain("tag", Text, "The tag or digest; without it a pull takes all tags"),
        Parameter::plain("message", Text, "A remark kept in an import"),
        Parameter::plain("platform", Text, "The platform to pull or import as (1.32)"),
        CHANGES,
    ])
    .carries(&[Header::RegistryAuth])
    .tar()
    .streams()
    .since(1, 0),
    // Engine 20.10 reads credentials from the body where the header is missing: no client in use sends them there.
    Endpoint::post("/images/{name}/push", "ImagePush", "Pushes an image to the registry that its name says")
        .names(&[Identifier::Image])
        .query(&[
            Parameter::plain("tag", Text, "The tag; without it all tags of the repository"),
            Parameter::plain("platform", Json, "Only this platform (1.46)"),
        ])
        .carries(&[Header::RegistryAuth])
        .streams()
        .since(1, 0),
    Endpoint::post(
        "/images/{name}/tag",
        "ImageTag",
        "Gives an image a further name; takes over one that exists",
    )
    .names(&[Identifier::Image])
    .query(&[Parameter::plain("repo", Text, "The repository"), Parameter::plain("tag", Text, "The tag")])
    .since(1, 0),
    Endpoint::post("/images/prune", "ImagePrune", "Deletes unused images")
        .query(&[Parameter::plain("filters", Filters, "Only those that match")])
        .since(1, 25),
    Endpoint::delete("/images/{name}", "ImageDelete", "Deletes an image, or one of its names")
        .names(&[Identifier::Image])
        .query(&[
            Parameter::plain("force", Bool, "Also if a stopped container uses it or it has several names"),
            Parameter::plain("noprune", Bool, "Keeps its untagged parents"),
            Parameter::guarded(
                "platforms",
                List,
                "Only what the image is on these platforms (1.50)",
                "takes it from every image that has the same, whatever that is called",
            ),
        ])
        .since(1, 0),
];

const CHANGES: Parameter = Parameter::guarded(
    "changes",
    List,
    "Dockerfile instructions to apply to the image",
    "sets the command, user, environment and volumes of all containers made of the image",
);
