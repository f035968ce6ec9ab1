use crate::geo::Place;
