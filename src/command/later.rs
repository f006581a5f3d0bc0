//! What a verb takes, told to clap only where that verb is given: there are many, and serving asks for few.

use clap::builder::{Resettable, StyledStr};
use clap::error::Error;
use clap::{ArgMatches, Args, Command, FromArgMatches};

/// The arguments of a verb.
#[derive(Debug)]
pub(in crate::command) struct Later<T>(pub(in crate::command) T);

impl<T: Args> Args for Later<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| keeping_about(command, T::augment_args))
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(|command| keeping_about(command, T::augment_args_for_update))
    }
}

impl<T: FromArgMatches> FromArgMatches for Later<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// What stands on a type says what it is; what is said of the verb stands on the verb.
fn keeping_about(command: Command, augment: fn(Command) -> Command) -> Command {
    let about: Resettable<StyledStr> = command.get_about().cloned().into();
    let long_about: Resettable<StyledStr> = command.get_long_about().cloned().into();
    augment(command).about(about).long_about(long_about)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the type says.
    #[derive(Args)]
    struct Taken {
        #[arg(long)]
        much: bool,
    }

    #[test]
    fn a_verb_keeps_what_is_said_of_it() {
        let verb = Later::<Taken>::augment_args(Command::new("verb")).about("What the verb does");
        assert_eq!(verb.get_arguments().count(), 0);
        let mut line = Command::new("dockgate").subcommand(verb);
        let matches = line.try_get_matches_from_mut(["dockgate", "verb", "--much"]).unwrap();
        assert!(Later::<Taken>::from_arg_matches(matches.subcommand().unwrap().1).unwrap().0.much);
        let verb = line.find_subcommand("verb").unwrap();
        assert_eq!(verb.get_about().unwrap().to_string(), "What the verb does");
    }
}
