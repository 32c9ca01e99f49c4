//! Which rules of the file apply to this run, and the calls that they cost.

use crate::facts::DATABASE_QUERY;
use crate::rules;
use shared::check::Selection;
use shared::config::{
    DatabaseRule, DiskRule, Document, Environment, GitRule, Located, Name, Preflight, ToolRule,
    VariableRule, VariableSource,
};
use shared::error::{Error, Result};
use shared::gate::Step;
use shared::shell::quoted;

/// The rules that apply, by check.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// For `variables`.
    pub variables: Vec<VariableRule>,
    /// For `tools`; every command is filled in.
    pub tools: Vec<ToolRule>,
    /// For `databases`.
    pub databases: Vec<DatabaseRule>,
    /// For `disk`.
    pub disk: Vec<DiskRule>,
    /// For `git`.
    pub git: Option<GitRule>,
}

/// What a plan is made of.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The file's content.
    pub document: &'a Document,
    /// The file's name.
    pub file: &'a str,
    /// Where the release is to go.
    pub environment: &'a Name,
    /// Which checks were asked for.
    pub selection: &'a Selection,
}

impl Plan {
    /// The rules that apply; refuses those that make no sense, and a file that leaves none.
    pub fn of(asked: &Asked) -> Result<Self> {
        let rules = &asked.document.preflight;
        let mut plan = Self::default();
        if asked.wants("variables") {
            plan.variables = asked.applying(&rules.variables, |rule| &rule.environments);
        }
        if asked.wants("tools") {
            plan.tools = asked.applying(&rules.tools, |rule| &rule.environments);
            plan.tools.iter_mut().for_each(fill_in_command);
        }
        if asked.wants("databases") {
            plan.databases = asked.applying(&rules.databases, |rule| &rule.environments);
        }
        if asked.wants("disk") {
            plan.disk = asked.applying(&rules.disk, |rule| &rule.environments);
        }
        if asked.wants("git") {
            plan.git = rules
                .git
                .clone()
                .filter(|git| git.clean || git.on_branch.is_some());
        }
        plan.validate(asked)?;
        Ok(plan)
    }

    fn validate(&self, asked: &Asked) -> Result<()> {
        self.variables
            .iter()
            .try_for_each(|rule| rules::variable(rule, asked.file))?;
        self.tools
            .iter()
            .try_for_each(|rule| rules::tool(rule, asked.file))?;
        for rule in &self.databases {
            database(rule, asked)?;
        }
        if let Some(branch) = self.git.as_ref().and_then(|git| git.on_branch.as_ref()) {
            rules::on_branch(branch, asked.file)?;
        }
        if !self.variables.is_empty() && asked.place().variables.is_empty() {
            return Err(Error::config(format!(
                "`preflight.variables` has {} rules for environment `{}`, which has no `variables`",
                self.variables.len(),
                asked.environment
            ))
            .at(asked.file)
            .hint("name where they come from: `variables: [{file: .env}, process]`"));
        }
        if self.is_empty() && !asked.selection.only.iter().any(|id| id == "receipts") {
            return Err(asked.nothing());
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.variables.is_empty()
            && self.tools.is_empty()
            && self.databases.is_empty()
            && self.disk.is_empty()
            && self.git.is_none()
    }

    /// The calls of this plan, given where its databases are.
    pub fn steps(&self, environment: &Environment, databases: &[String]) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.variables.is_empty() {
            let names: Vec<&str> = self
                .variables
                .iter()
                .map(|rule| rule.name.as_str())
                .collect();
            let sources: Vec<String> = environment.variables.iter().map(source).collect();
            let call = format!("read {} for {}", sources.join(", then "), names.join(", "));
            steps.push(Step::reads("variables of the environment", call));
        }
        for rule in &self.tools {
            let purpose = format!("version of {}", rule.name);
            steps.push(Step::reads(purpose, line(&rule.command)));
        }
        for (rule, place) in self.databases.iter().zip(databases) {
            let call = format!("{place}: {}", DATABASE_QUERY);
            steps.push(Step::reads(
                format!("version of database {}", rule.name.value),
                call,
            ));
        }
        for rule in &self.disk {
            let path = rule.path.display().to_string();
            steps.push(Step::reads(
                "free space",
                format!("statvfs {}", line(&[path])),
            ));
        }
        if let Some(git) = &self.git {
            steps.extend(git_steps(git));
        }
        steps
    }
}

impl Asked<'_> {
    fn place(&self) -> &Environment {
        // The name was taken from this very map.
        &self.document.environments[self.environment]
    }

    /// What is left out by a flag is not looked at and needs no variable or file.
    fn wants(&self, id: &str) -> bool {
        let has = |ids: &[String]| ids.iter().any(|one| one == id);
        !has(&self.selection.skip) && (self.selection.only.is_empty() || has(&self.selection.only))
    }

    fn applying<R: Clone>(&self, rules: &[R], of: fn(&R) -> &Vec<Located<Name>>) -> Vec<R> {
        let is_here = |rule: &&R| {
            let environments = of(rule);
            environments.is_empty()
                || environments
                    .iter()
                    .any(|name| name.value == *self.environment)
        };
        rules.iter().filter(is_here).cloned().collect()
    }

    fn nothing(&self) -> Error {
        let among = if self.selection.is_partial() {
            " in the checks asked for"
        } else {
            ""
        };
        let message = format!(
            "`preflight` has no rule that applies to environment `{}`{among}: nothing to check",
            self.environment
        );
        let Preflight {
            variables,
            tools,
            databases,
            disk,
            ..
        } = &self.document.preflight;
        let elsewhere = variables.len() + tools.len() + databases.len() + disk.len();
        let hint = if elsewhere == 0 {
            "add rules under `preflight`".to_owned()
        } else {
            format!("look at the `environments` of its {elsewhere} rules")
        };
        Error::config(message).at(self.file).hint(hint)
    }
}

fn fill_in_command(rule: &mut ToolRule) {
    if rule.command.is_empty() {
        rule.command = vec![rule.name.clone(), "--version".into()];
    }
}

fn database(rule: &DatabaseRule, asked: &Asked) -> Result<()> {
    if asked.place().databases.contains_key(&rule.name.value) {
        return Ok(());
    }
    let message = format!(
        "environment `{}` has no database `{}`",
        asked.environment, rule.name.value
    );
    Err(rule
        .name
        .refuse(asked.file, message)
        .hint("add it to the environment, or name the rule's `environments`"))
}

fn git_steps(git: &GitRule) -> Vec<Step> {
    let mut steps = Vec::new();
    if git.clean {
        steps.push(Step::reads(
            "commit that is checked out",
            "git rev-parse --verify HEAD",
        ));
        steps.push(Step::reads(
            "files that differ from it",
            "git status --porcelain",
        ));
    }
    if let Some(branch) = &git.on_branch {
        let call = format!("git merge-base --is-ancestor RELEASE {branch}");
        steps.push(Step::reads(
            format!("whether the release is on {branch}"),
            call,
        ));
    }
    steps
}

fn source(source: &VariableSource) -> String {
    match source {
        VariableSource::File(path) => path.display().to_string(),
        VariableSource::Process => "the process".into(),
    }
}

fn line(words: &[String]) -> String {
    words
        .iter()
        .map(|word| quoted(word))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::config::Config;
    use std::path::Path;

    const FILE: &str = "\
version: 1
project: cal
environments:
  staging:
    variables: [{file: .env}, process]
    databases: {main: {url: 'postgres://cal@db:5432/cal'}}
  production: {}
preflight:
  variables:
    - name: JWT_SECRET
    - {name: ONLY_PRODUCTION, environments: [production]}
  tools:
    - {name: node, version: '>=18'}
    - {name: nginx, command: [nginx, -v], version: '>=1.18'}
  databases: [{name: main, version: '>=13', environments: [staging]}]
  disk: [{path: '/my data', free: 1GiB}]
  git: {clean: true, on_branch: main}
";

    fn plan(text: &str, environment: &str, selection: &Selection) -> Result<Plan> {
        let config = Config::parse(text, "sluicegate.yml", Path::new("."))?;
        let (environment, _) = config.environment(environment)?;
        let (document, file) = (&config.document, config.file.as_str());
        Plan::of(&Asked {
            document,
            file,
            environment,
            selection,
        })
    }

    fn refusal(text: &str, environment: &str, selection: &Selection) -> String {
        plan(text, environment, selection)
            .expect_err("must be refused")
            .to_string()
    }

    fn only(id: &str) -> Selection {
        Selection {
            only: vec![id.into()],
            skip: vec![],
        }
    }

    #[test]
    fn the_rules_of_the_environment_apply_and_every_call_is_listed() {
        let plan = plan(FILE, "staging", &Selection::default()).expect("is complete");
        let config = Config::parse(FILE, "sluicegate.yml", Path::new(".")).expect("is complete");
        let (_, environment) = config.environment("staging").expect("is there");
        let steps = plan.steps(environment, &["cal@db:5432/cal".into()]);
        let calls: Vec<&str> = steps.iter().map(|step| step.call.as_str()).collect();
        assert_eq!(
            calls,
            [
                "read .env, then the process for JWT_SECRET",
                "node --version",
                "nginx -v",
                &format!("cal@db:5432/cal: {DATABASE_QUERY}"),
                "statvfs '/my data'",
                "git rev-parse --verify HEAD",
                "git status --porcelain",
                "git merge-base --is-ancestor RELEASE main",
            ]
        );
        assert!(steps.iter().all(|step| !step.changes));
    }

    #[test]
    fn checks_that_are_left_out_are_not_planned() {
        let tools = plan(FILE, "production", &only("tools")).expect("has tools");
        assert_eq!(tools.tools.len(), 2);
        assert!(tools.disk.is_empty() && tools.git.is_none() && tools.variables.is_empty());
        let skip = Selection {
            only: vec![],
            skip: vec!["variables".into()],
        };
        assert!(
            plan(FILE, "production", &skip)
                .expect("has tools")
                .variables
                .is_empty()
        );
    }

    #[test]
    fn rules_for_variables_need_a_source_of_variables() {
        assert_eq!(
            refusal(FILE, "production", &Selection::default()),
            "sluicegate.yml: `preflight.variables` has 2 rules for environment `production`, which \
             has no `variables`; name where they come from: `variables: [{file: .env}, process]`"
        );
    }

    #[test]
    fn a_file_that_selects_nothing_is_refused() {
        let all = Selection::default();
        let text = &FILE[..FILE.find("preflight:").expect("is in there")];
        assert_eq!(
            refusal(text, "staging", &all),
            "sluicegate.yml: `preflight` has no rule that applies to environment `staging`: \
             nothing to check; add rules under `preflight`"
        );
        assert!(
            refusal(&format!("{text}preflight: {{git: {{}}}}"), "staging", &all)
                .contains("nothing")
        );
        let error = refusal(FILE, "production", &only("databases"));
        assert!(
            error.contains("in the checks asked for: nothing to check"),
            "{error}"
        );
    }

    #[test]
    fn a_database_that_the_environment_does_not_have_is_refused_where_it_is_named() {
        let text = FILE.replace(", environments: [staging]}]", "}]");
        let skip = Selection {
            only: vec![],
            skip: vec!["variables".into()],
        };
        let error = refusal(&text, "production", &skip);
        assert!(error.starts_with("sluicegate.yml:15:"), "{error}");
        assert!(
            error.contains("environment `production` has no database `main`"),
            "{error}"
        );
    }
}
