//! What engines have answered: see `scripts/record-answers`.

/// The engines.
pub(in crate::operation) const ENGINES: [&str; 3] = ["20.10", "26.1", "28.5"];

macro_rules! answers {
    ($($name:literal)*) => {
        &[$(($name, [
            include_str!(concat!("recorded/20.10/", $name, ".json")),
            include_str!(concat!("recorded/26.1/", $name, ".json")),
            include_str!(concat!("recorded/28.5/", $name, ".json")),
        ])),*]
    };
}

const ANSWERS: &[(&str, [&str; 3])] = answers! {
    "configs"
    "container"
    "containers"
    "containers-1.24"
    "df"
    "df-1.41"
    "events"
    "history"
    "image"
    "image-1.24"
    "images"
    "images-1.24"
    "info"
    "network"
    "network-verbose"
    "networks"
    "networks-1.24"
    "nodes"
    "secrets"
    "service"
    "services"
    "tasks"
    "top"
    "volume"
    "volumes"
};

/// An answer of an engine, by its name in the script.
pub(in crate::operation) fn recorded(engine: &str, name: &str) -> &'static str {
    let of_engines = ANSWERS.iter().find(|(own, _)| *own == name).map(|(_, answers)| answers).unwrap();
    ENGINES.iter().zip(of_engines).find(|(own, _)| **own == engine).map(|(_, answer)| *answer).unwrap()
}
