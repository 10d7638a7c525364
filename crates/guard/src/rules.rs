use http::Method;

use crate::path::{self, PathFault};
use crate::pattern::PathPattern;
use crate::requirement::Requirement;

/// Which requirement a request has, by its path and method. The first rule that fits decides, in the order written.
///
/// What stands behind the guard may read a path in its own way: decode `%61`, drop `;parameters`, merge `//`, not tell
/// `/Admin` from `/admin`. A path passes only where every such reading leads to the same answer; see [`PathFault`]. What a
/// framework makes of a path besides, such as `/admin.json` of `/admin`, is not guessed: let `otherwise` be strict, and open
/// what is to be open.
///
/// ```
/// use gatepass_guard::{Access, Requirement, Rule, Rules};
/// use gatepass_proto::Scope;
/// use http::Method;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let admin = Access::Required("admin".parse::<Scope>()?.into());
/// let rules = Rules::new(
///     vec![
///         Rule::new("/health".parse()?, Access::Open),
///         Rule::new("/admin/**".parse()?, admin.clone()),
///     ],
///     Access::Denied,
/// );
/// assert_eq!(rules.access(&Method::GET, "/admin/users")?, &admin);
/// assert!(rules.access(&Method::GET, "/health/%2e%2e/admin").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Rules {
    rules: Vec<Rule>,
    otherwise: Access,
}

/// What some requests need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Those to these paths,
    pub path: PathPattern,
    /// by these methods; by any where there are none. `GET` stands for `HEAD` too.
    pub methods: Vec<Method>,
    /// need this.
    pub access: Access,
}

/// Who gets through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody. Nothing is read, and nothing is taken away.
    Open,
    /// Who has good credentials and meets this.
    Required(Requirement),
    /// Nobody.
    Denied,
}

impl Rule {
    /// A rule for every method.
    pub fn new(path: PathPattern, access: Access) -> Self {
        Self {
            path,
            methods: Vec::new(),
            access,
        }
    }

    fn is_for(&self, method: &Method) -> bool {
        self.methods.is_empty()
            || self.methods.contains(method)
            || (*method == Method::HEAD && self.methods.contains(&Method::GET))
    }
}

impl Rules {
    /// These rules, and what holds where none of them fits.
    pub fn new(rules: Vec<Rule>, otherwise: Access) -> Self {
        Self { rules, otherwise }
    }

    /// What a request needs. `path` is as it stands on the wire, without the query.
    ///
    /// # Errors
    ///
    /// [`PathFault`]: what is behind may read the path in a way that leads elsewhere. Answer 400.
    pub fn access(&self, method: &Method, path: &str) -> Result<&Access, PathFault> {
        let readings = path::readings(path)?;
        let mut access = None;
        for reading in &readings {
            for same in [exactly, in_any_case] {
                let found = self.find(method, reading, same);
                if **access.get_or_insert(found) != *found {
                    return Err(PathFault::Ambiguous);
                }
            }
        }
        access.ok_or(PathFault::Ambiguous)
    }

    fn find(&self, method: &Method, path: &str, same: fn(&str, &str) -> bool) -> &Access {
        let fits = |rule: &&Rule| rule.is_for(method) && rule.path.matches(path, same);
        self.rules
            .iter()
            .find(fits)
            .map_or(&self.otherwise, |rule| &rule.access)
    }
}

fn exactly(own: &str, given: &str) -> bool {
    own == given
}

fn in_any_case(own: &str, given: &str) -> bool {
    own.eq_ignore_ascii_case(given)
}
