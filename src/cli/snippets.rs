//! `shelfd webhooks snippet`: code for shops that one's own server runs, which send no webhooks by themselves.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use clap::builder::PossibleValuesParser;

use super::{Exit, output};

/// What a platform's project needs.
struct Snippet {
    platform: &'static str,
    /// Where each file belongs in the project, and what is in it.
    files: &'static [(&'static str, &'static str)],
}

/// A platform is one entry here, and its files in `assets/snippets/`.
const SNIPPETS: &[Snippet] = &[
    Snippet {
        platform: "medusa",
        files: &[
            ("src/subscribers/shelfd.ts", include_str!("../../assets/snippets/medusa-subscriber.ts")),
            ("src/api/admin/shelfd/stock/route.ts", include_str!("../../assets/snippets/medusa-stock-route.ts")),
        ],
    },
    Snippet {
        platform: "vendure",
        files: &[("src/plugins/shelfd.plugin.ts", include_str!("../../assets/snippets/vendure-plugin.ts"))],
    },
];

/// Arguments.
#[derive(Debug, Args)]
pub struct SnippetArgs {
    /// The shop's platform
    #[arg(value_parser = PossibleValuesParser::new(SNIPPETS.iter().map(|snippet| snippet.platform)))]
    platform: String,
    /// Write the files into the shop's project instead of printing them
    #[arg(long, value_name = "PROJECT")]
    into: Option<PathBuf>,
}

pub fn run(args: &SnippetArgs) -> anyhow::Result<Exit> {
    let files = SNIPPETS.iter().filter(|snippet| snippet.platform == args.platform).flat_map(|snippet| snippet.files);
    for (path, text) in files {
        match &args.into {
            Some(project) => write(project, path, text)?,
            None => output::data(text.trim_end()),
        }
    }
    Ok(Exit::Done)
}

/// Write one file. One of other contents that is there is the merchant's own work, and stays.
fn write(project: &Path, path: &str, text: &str) -> anyhow::Result<()> {
    let place = project.join(path);
    if std::fs::read_to_string(&place).is_ok_and(|there| there == text) {
        output::say(&format!("{}: is there already", place.display()));
        return Ok(());
    }
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
    }
    let mut file = std::fs::File::create_new(&place).with_context(|| {
        format!("{}: cannot be written\n  hint: if it is an older one of shelfd's, remove it first", place.display())
    })?;
    file.write_all(text.as_bytes()).with_context(|| format!("{}: cannot be written", place.display()))?;
    output::say(&format!("{}: written", place.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_says_where_it_belongs() {
        for snippet in SNIPPETS {
            for (path, text) in snippet.files {
                let first = text.lines().next().unwrap_or_default();
                assert!(first.contains(path), "{}: the first line does not name {path}: {first}", snippet.platform);
            }
        }
    }

    #[test]
    fn files_are_written_once_and_never_over_others() {
        let project = tempfile::tempdir().unwrap();
        let args = SnippetArgs { platform: "medusa".to_owned(), into: Some(project.path().to_owned()) };
        run(&args).unwrap();
        run(&args).unwrap();
        let place = project.path().join("src/subscribers/shelfd.ts");
        std::fs::write(&place, "mine").unwrap();
        assert!(run(&args).unwrap_err().to_string().contains("remove it first"));
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "mine");
    }
}
